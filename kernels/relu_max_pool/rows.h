// relu_max_pool: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/relu_max_pool/relu_max_pool.h"

namespace hilum {

void relu_max_pool_forward_cpu1(const Launch&, const ReluMaxPoolProblem&, const float* x, float* y,
                                std::uint8_t* index);
void relu_max_pool_backward_cpu1(const Launch&, const ReluMaxPoolProblem&,
                                 const std::uint8_t* index, const float* dy, float* dx);

}  // namespace hilum
