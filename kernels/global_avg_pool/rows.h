// global_avg_pool: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/global_avg_pool/global_avg_pool.h"

namespace hilum {
void global_avg_pool_forward_cpu1(const Launch&, const GlobalAvgPoolProblem&, const float* x,
                                  float* y);
void global_avg_pool_backward_cpu1(const Launch&, const GlobalAvgPoolProblem&, const float* dy,
                                   float* dx);
}  // namespace hilum
