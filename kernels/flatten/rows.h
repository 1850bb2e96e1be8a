// flatten: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/flatten/flatten.h"

namespace hilum {
void flatten_forward_cpu1(const Launch&, const FlattenProblem&, const float* x, float* y);
void flatten_backward_cpu1(const Launch&, const FlattenProblem&, const float* dy, float* dx);
}  // namespace hilum
