// batch_norm: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/batch_norm/batch_norm.h"

namespace hilum {

std::size_t batch_norm_cpu1_workspace(const BatchNormProblem&);
void batch_norm_forward_cpu1(const Launch&, const BatchNormProblem&, const float* x,
                             const float* gamma, const float* beta, const float* running_mean,
                             const float* running_var, float* y, float* mean, float* inv_std,
                             float* running_mean_out, float* running_var_out);
void batch_norm_backward_cpu1(const Launch&, const BatchNormProblem&, const float* x,
                              const float* gamma, const float* mean, const float* inv_std,
                              const float* dy, float* dx, float* dgamma, float* dbeta);
void batch_norm_inference_cpu1(const Launch&, const BatchNormProblem&, const float* x,
                               const float* gamma, const float* beta, const float* running_mean,
                               const float* running_var, float* y);
void batch_norm_inference_backward_cpu1(const Launch&, const BatchNormProblem&, const float* x,
                                        const float* gamma, const float* running_mean,
                                        const float* running_var, const float* dy, float* dx,
                                        float* dgamma, float* dbeta);

#ifdef HILUM_HAVE_ONEDNN
std::size_t batch_norm_onednn_workspace(const BatchNormProblem&);
void batch_norm_forward_onednn(const Launch&, const BatchNormProblem&, const float* x,
                               const float* gamma, const float* beta, const float* running_mean,
                               const float* running_var, float* y, float* mean, float* inv_std,
                               float* running_mean_out, float* running_var_out);
void batch_norm_backward_onednn(const Launch&, const BatchNormProblem&, const float* x,
                                const float* gamma, const float* mean, const float* inv_std,
                                const float* dy, float* dx, float* dgamma, float* dbeta);
void batch_norm_inference_onednn(const Launch&, const BatchNormProblem&, const float* x,
                                 const float* gamma, const float* beta, const float* running_mean,
                                 const float* running_var, float* y);
void batch_norm_inference_backward_onednn(const Launch&, const BatchNormProblem&, const float* x,
                                          const float* gamma, const float* running_mean,
                                          const float* running_var, const float* dy, float* dx,
                                          float* dgamma, float* dbeta);
#else  // the rows stay in the tables, marked "not in this build"
inline constexpr std::size_t (*batch_norm_onednn_workspace)(const BatchNormProblem&) = nullptr;
inline constexpr BatchNormForward::Function batch_norm_forward_onednn = nullptr;
inline constexpr BatchNormBackward::Function batch_norm_backward_onednn = nullptr;
inline constexpr BatchNormInference::Function batch_norm_inference_onednn = nullptr;
inline constexpr BatchNormInferenceBackward::Function batch_norm_inference_backward_onednn =
    nullptr;
#endif

}  // namespace hilum
