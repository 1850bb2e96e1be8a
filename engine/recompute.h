// Trading time for memory: a segment of a network whose activations are not kept but computed again
// when backward reaches it (T. Chen, B. Xu, C. Zhang, C. Guestrin, "Training Deep Nets with
// Sublinear Memory Cost", arXiv 1604.06174). Gradients have the same bits as without.
#pragma once

#include <functional>
#include <vector>

#include "engine/tensor.h"

namespace hilum {

// segment(x), of which only x is kept. The segment runs once more during backward: it has to be the
// same function then. `parameters` are what it uses beside x that may want a gradient.
Tensor recomputed(const std::function<Tensor(Tensor)>& segment, const Tensor& x,
                  const std::vector<Tensor>& parameters);

// Whether a segment runs for the second time, so that what a step changes (the running statistics
// of batch norm) has been changed already.
bool recomputing();

}  // namespace hilum
