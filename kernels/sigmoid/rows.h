// sigmoid: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/sigmoid/sigmoid.h"

namespace hilum {
void sigmoid_forward_cpu1(const Launch&, const SigmoidProblem&, const float* x, float* y);
void sigmoid_backward_cpu1(const Launch&, const SigmoidProblem&, const float* y, const float* dy,
                           float* dx);
}  // namespace hilum
