// max_pool: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/max_pool/max_pool.h"

namespace hilum {

void max_pool_forward_cpu1(const Launch&, const MaxPoolProblem&, const float* x, float* y);
void max_pool_backward_cpu1(const Launch&, const MaxPoolProblem&, const float* x, const float* dy,
                            float* dx);

#ifdef HILUM_HAVE_ONEDNN
void max_pool_forward_onednn(const Launch&, const MaxPoolProblem&, const float* x, float* y);
std::size_t max_pool_backward_onednn_workspace(const MaxPoolProblem&);
void max_pool_backward_onednn(const Launch&, const MaxPoolProblem&, const float* x, const float* dy,
                              float* dx);
#else  // the rows stay in the tables, marked "not in this build"
inline constexpr MaxPoolForward::Function max_pool_forward_onednn = nullptr;
inline constexpr MaxPoolBackward::Function max_pool_backward_onednn = nullptr;
inline constexpr std::size_t (*max_pool_backward_onednn_workspace)(const MaxPoolProblem&) = nullptr;
#endif

}  // namespace hilum
