// adaptive_avg_pool: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/adaptive_avg_pool/adaptive_avg_pool.h"

namespace hilum {
void adaptive_avg_pool_forward_cpu1(const Launch&, const AdaptiveAvgPoolProblem&, const float* x,
                                    float* y);
void adaptive_avg_pool_backward_cpu1(const Launch&, const AdaptiveAvgPoolProblem&, const float* dy,
                                     float* dx);
}  // namespace hilum
