// bias: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/bias/bias.h"

namespace hilum {
void bias_forward_cpu1(const Launch&, const BiasProblem&, const float* x, const float* b, float* y);
void bias_backward_cpu1(const Launch&, const BiasProblem&, const float* dy, float* db);
std::size_t bias_backward_cpu1_workspace(const BiasProblem&);

// cuda1's backward pass sums the rows in so many chunks, one row of sums each in the workspace.
inline std::size_t bias_cuda1_chunks(const BiasProblem& a) {
  const std::size_t chunks = (a.rows + 127) / 128;
  return chunks < 256 ? chunks : 256;
}
inline std::size_t bias_backward_cuda1_workspace(const BiasProblem& a) {
  return bias_cuda1_chunks(a) * a.c * sizeof(float);
}
}  // namespace hilum
