// bias: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/bias/bias.h"

namespace hilum {
void bias_forward_cpu1(const Launch&, const BiasProblem&, const float* x, const float* b, float* y);
void bias_backward_cpu1(const Launch&, const BiasProblem&, const float* dy, float* db);
std::size_t bias_backward_cpu1_workspace(const BiasProblem&);
}  // namespace hilum
