// penalty: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/penalty/penalty.h"

namespace hilum {
void penalty_forward_cpu1(const Launch&, const PenaltyProblem&, const float* w, float* loss);
std::size_t penalty_forward_cpu1_workspace(const PenaltyProblem&);
void penalty_backward_cpu1(const Launch&, const PenaltyProblem&, const float* w, const float* dloss,
                           float* dw);
}  // namespace hilum
