// relu6: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/relu6/relu6.h"

namespace hilum {
void relu6_forward_cpu1(const Launch&, const Relu6Problem&, const float* x, float* y);
void relu6_backward_cpu1(const Launch&, const Relu6Problem&, const float* y, const float* dy,
                         float* dx);
}  // namespace hilum
