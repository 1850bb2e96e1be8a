// The tape, define-by-run: every operation that has an input which requires a gradient leaves a node
// that knows how to turn the gradient of its output into gradients of its inputs.
//
// An operation is written in one function: compute the output through kernels/, then
//   return record("relu", {x}, y, [y_saved, …](const Tensor& dy) { … return {dx}; });
#pragma once

#include <functional>
#include <vector>

#include "engine/tensor.h"

namespace hilum {

// Gradients of the inputs, in their order; an undefined Tensor where an input needs none.
using BackwardFunction = std::function<std::vector<Tensor>(const Tensor& dy)>;

// Ties `output` to its inputs. Does nothing (and drops the closure, with what it saved) where no
// input requires a gradient or a NoGrad lives. Returns `output`.
Tensor record(const char* name, const std::vector<Tensor>& inputs, Tensor output,
              BackwardFunction backward);

// Whether record() would keep a node for these inputs; saves work that only backward needs.
bool needs_tape(const std::vector<Tensor>& inputs);

}  // namespace hilum
