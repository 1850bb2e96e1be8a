// From a network's graph to fewer, larger operations that give the same in evaluation: batch norms
// fold into the convolution before them, biases, residual additions and ReLUs become the ending of
// the operation before them.
#pragma once

#include <string>
#include <vector>

#include "engine/graph.h"
#include "kernels/activation.h"

namespace hilum {

struct PlannedOperation {
  GraphNode node;  // conv2d, dense, add, concat, a pool …; or channel_affine, which is no graph's
  // Values: what it reads (of a convolution with a residual that is the second), what it gives.
  std::vector<std::size_t> inputs;
  std::size_t output = 0;
  // Of conv2d and dense: filters KRSC or [O,I] where folding has changed them, else empty; `shift`
  // is one summand a channel of the output. Of channel_affine: scale and shift, or neither.
  std::vector<float> weight, scale, shift;
  Activation activation = Activation::none;

  bool is(const char* op) const { return node.op == op; }
};

// In the order of execution.
std::vector<PlannedOperation> fuse(const Graph& graph);

}  // namespace hilum
