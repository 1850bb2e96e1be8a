// zero_pad: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/zero_pad/zero_pad.h"

namespace hilum {
void zero_pad_forward_cpu1(const Launch&, const ZeroPadProblem&, const float* x, float* y);
void zero_pad_backward_cpu1(const Launch&, const ZeroPadProblem&, const float* dy, float* dx);
}  // namespace hilum
