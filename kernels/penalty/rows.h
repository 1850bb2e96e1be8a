// penalty: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/penalty/penalty.h"

namespace hilum {
void penalty_forward_cpu1(const Launch&, const PenaltyProblem&, const float* w, float* loss);
std::size_t penalty_forward_cpu1_workspace(const PenaltyProblem&);
void penalty_backward_cpu1(const Launch&, const PenaltyProblem&, const float* w, const float* dloss,
                           float* dw);

// cuda1's forward pass keeps two sums of each block in the workspace.
inline std::size_t penalty_cuda1_blocks(const PenaltyProblem& a) {
  const std::size_t blocks = (a.count + 2047) / 2048;
  return blocks < 1024 ? blocks : 1024;
}
inline std::size_t penalty_forward_cuda1_workspace(const PenaltyProblem& a) {
  return 2 * penalty_cuda1_blocks(a) * sizeof(float);
}
}  // namespace hilum
