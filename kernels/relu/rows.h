// relu: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/relu/relu.h"

namespace hilum {
void relu_forward_cpu1(const Launch&, const ReluProblem&, const float* x, float* y);
void relu_backward_cpu1(const Launch&, const ReluProblem&, const float* y, const float* dy,
                        float* dx);
}  // namespace hilum
