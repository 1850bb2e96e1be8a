// softmax: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/softmax/softmax.h"

namespace hilum {
void softmax_forward_cpu1(const Launch&, const SoftmaxProblem&, const float* x, float* y);
}  // namespace hilum
