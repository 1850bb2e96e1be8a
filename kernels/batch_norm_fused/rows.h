// batch_norm_fused: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/batch_norm_fused/batch_norm_fused.h"

namespace hilum {

std::size_t batch_norm_fused_cpu1_workspace(const BatchNormFusedProblem&);
void batch_norm_fused_forward_cpu1(const Launch&, const BatchNormFusedProblem&, const float* x,
                                   const float* gamma, const float* beta, const float* shortcut,
                                   const float* running_mean, const float* running_var, float* y,
                                   float* mean, float* inv_std, float* running_mean_out,
                                   float* running_var_out);
void batch_norm_fused_backward_cpu1(const Launch&, const BatchNormFusedProblem&, const float* x,
                                    const float* gamma, const float* beta, const float* mean,
                                    const float* inv_std, const float* y, const float* dy,
                                    float* dx, float* dshortcut, float* dgamma, float* dbeta);
void batch_norm_fused_rebuild_cpu1(const Launch&, const BatchNormFusedProblem&, const float* x,
                                   const float* gamma, const float* beta, const float* shortcut,
                                   const float* mean, const float* inv_std, float* y);

}  // namespace hilum
