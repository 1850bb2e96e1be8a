// What a network is made of: layers, shapes, parameters, work and memory, found by planning one
// training step: every tensor is made, no kernel runs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/module.h"

namespace hilum {

struct SummaryRow {
  std::string name;    // "features.0"
  std::string kind;    // "Conv2d"
  std::string detail;  // "3x3, 3 -> 32, pad 1"
  std::string shape;   // of the output for a batch of any size: "(N, 128, 128, 32)"
  std::size_t parameters = 0, trainable = 0;
  double flop = 0;                   // forward, one image; a multiply-add is 2
  std::size_t activation_bytes = 0;  // of the output, one image
};

// The most memory that a training step takes: parameters, running statistics, Adam's two moments,
// activations and gradients as long as they are needed, the kernels' workspace, and what lies idle
// between the blocks. Without the images that wait and the program itself.
struct MemoryPeak {
  std::size_t bytes = 0;
  std::string layer;
  bool backward = false;
};

struct Summary {
  // In the order of their calls: layers without children, and blocks that run operations of their
  // own (an addition, a concatenation).
  std::vector<SummaryRow> rows;
  std::size_t parameters = 0, trainable = 0, buffers = 0;
  double flop = 0;                   // forward, one image
  std::size_t activation_bytes = 0;  // kept from forward to backward, one image

  std::size_t frozen() const { return parameters - trainable; }
  // As Keras' summary() prints, with the work beside it.
  std::string text(const std::string& title, std::size_t batch, const MemoryPeak& peak) const;
};

// Plans a step on images of that size; the module's mode and tensors stay as they are, gradients
// are cleared.
Summary summarise(Module& module, std::size_t channels, std::size_t size);

// Plans two steps of that batch with Adam; the same holds. `recompute`: with activations computed
// again in backward (engine/recompute.h).
MemoryPeak training_peak(Module& module, std::size_t channels, std::size_t size, std::size_t batch,
                         bool recompute = false);

}  // namespace hilum
