// avg_pool: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/avg_pool/avg_pool.h"

namespace hilum {

void avg_pool_forward_cpu1(const Launch&, const AvgPoolProblem&, const float* x, float* y);
void avg_pool_backward_cpu1(const Launch&, const AvgPoolProblem&, const float* dy, float* dx);

#ifdef HILUM_HAVE_ONEDNN
void avg_pool_forward_onednn(const Launch&, const AvgPoolProblem&, const float* x, float* y);
void avg_pool_backward_onednn(const Launch&, const AvgPoolProblem&, const float* dy, float* dx);
#else  // the rows stay in the tables, marked "not in this build"
inline constexpr AvgPoolForward::Function avg_pool_forward_onednn = nullptr;
inline constexpr AvgPoolBackward::Function avg_pool_backward_onednn = nullptr;
#endif

}  // namespace hilum
