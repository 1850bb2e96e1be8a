// What a network is made of: layers, shapes, parameters, work and memory, found by running one
// image.
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

struct Summary {
  std::vector<SummaryRow> rows;  // layers without children, in the order of their calls
  std::size_t parameters = 0, trainable = 0;
  double flop = 0;                   // forward, one image
  std::size_t activation_bytes = 0;  // kept from forward to backward, one image; measured

  std::size_t frozen() const { return parameters - trainable; }
  // Memory that training needs: parameters, gradients and Adam's two moments, activations of the
  // batch; without workspace.
  std::size_t training_bytes(std::size_t batch) const;
  // As Keras' summary() prints, with the work beside it.
  std::string text(const std::string& title, std::size_t batch) const;
};

// Runs one image of zeros, in evaluation mode; the module's mode is put back.
Summary summarise(Module& module, std::size_t channels, std::size_t size);

}  // namespace hilum
