// conv2d: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/conv2d/inference.h"

namespace hilum {

std::size_t conv2d_forward_cpu1_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_data_cpu1_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_weight_cpu1_workspace(const Conv2dProblem&);
void conv2d_forward_cpu1(const Launch&, const Conv2dProblem&, const float* x, const float* w,
                         float* y);
void conv2d_backward_data_cpu1(const Launch&, const Conv2dProblem&, const float* w, const float* dy,
                               float* dx);
void conv2d_backward_weight_cpu1(const Launch&, const Conv2dProblem&, const float* x,
                                 const float* dy, float* dw);

std::size_t conv2d_forward_cpu2_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_data_cpu2_workspace(const Conv2dProblem&);
void conv2d_forward_cpu2(const Launch&, const Conv2dProblem&, const float* x, const float* w,
                         float* y);
void conv2d_backward_data_cpu2(const Launch&, const Conv2dProblem&, const float* w, const float* dy,
                               float* dx);
std::size_t conv2d_backward_weight_cpu2_workspace(const Conv2dProblem&);
void conv2d_backward_weight_cpu2(const Launch&, const Conv2dProblem&, const float* x,
                                 const float* dy, float* dw);

const char* conv2d_why_not_cpu3(const Conv2dProblem&);
std::size_t conv2d_forward_cpu3_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_data_cpu3_workspace(const Conv2dProblem&);
void conv2d_forward_cpu3(const Launch&, const Conv2dProblem&, const float* x, const float* w,
                         float* y);
void conv2d_backward_data_cpu3(const Launch&, const Conv2dProblem&, const float* w, const float* dy,
                               float* dx);
std::size_t conv2d_backward_weight_cpu3_workspace(const Conv2dProblem&);
void conv2d_backward_weight_cpu3(const Launch&, const Conv2dProblem&, const float* x,
                                 const float* dy, float* dw);

std::size_t conv2d_inference_cpu2_workspace(const Conv2dInferenceProblem&);
std::size_t conv2d_inference_cpu2_filters(const Conv2dInferenceProblem&);
void conv2d_inference_cpu2_prepare(const Conv2dInferenceProblem&, const float* w, float* prepared);
void conv2d_inference_cpu2(const Launch&, const Conv2dInferenceProblem&, const float* x,
                           const float* w, const float* bias, const float* residual, float* y);

const char* conv2d_why_not_inference_depthwise(const Conv2dInferenceProblem&);
std::size_t conv2d_inference_depthwise_workspace(const Conv2dInferenceProblem&);
void conv2d_inference_depthwise(const Launch&, const Conv2dInferenceProblem&, const float* x,
                                const float* w, const float* bias, const float* residual, float* y);

const char* conv2d_why_not_inference_cpu3(const Conv2dInferenceProblem&);
std::size_t conv2d_inference_cpu3_workspace(const Conv2dInferenceProblem&);
std::size_t conv2d_inference_cpu3_filters(const Conv2dInferenceProblem&);
void conv2d_inference_cpu3_prepare(const Conv2dInferenceProblem&, const float* w, float* prepared);
void conv2d_inference_cpu3(const Launch&, const Conv2dInferenceProblem&, const float* x,
                           const float* w, const float* bias, const float* residual, float* y);

const char* conv2d_why_not_depthwise(const Conv2dProblem&);
std::size_t conv2d_forward_depthwise_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_data_depthwise_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_weight_depthwise_workspace(const Conv2dProblem&);
void conv2d_forward_depthwise(const Launch&, const Conv2dProblem&, const float* x, const float* w,
                              float* y);
void conv2d_backward_data_depthwise(const Launch&, const Conv2dProblem&, const float* w,
                                    const float* dy, float* dx);
void conv2d_backward_weight_depthwise(const Launch&, const Conv2dProblem&, const float* x,
                                      const float* dy, float* dw);

// Tensor cores round each factor before they multiply, to 11 bits (TF32) or 8 (bf16), so a product
// is off by 2 * 2^-11 or 2 * 2^-8 of itself, in units of eps = 2^-23 by 2^13 or 2^16, and by the
// square of that. Their rows stand behind every float row that runs every problem: they are never
// chosen unless asked for, as in --kernels conv2d=cuda5_tf32.
inline constexpr double conv2d_tf32_tolerance = (1 << 13) + 8,
                        conv2d_bf16_tolerance = (1 << 16) + 256 + 8;

const char* conv2d_why_not_cuda_product(const Conv2dProblem&);
const char* conv2d_why_not_inference_cuda_product(const Conv2dInferenceProblem&);
const char* conv2d_why_not_cuda_depthwise(const Conv2dProblem&);
const char* conv2d_why_not_inference_cuda_depthwise(const Conv2dInferenceProblem&);
std::size_t conv2d_backward_weight_cuda_depthwise_workspace(const Conv2dProblem&);
const char* conv2d_why_not_cuda2(const Conv2dProblem&);
const char* conv2d_why_not_cuda6(const Conv2dProblem&);
const char* conv2d_why_not_inference_cuda6(const Conv2dInferenceProblem&);
std::size_t conv2d_forward_cuda3_workspace(const Conv2dProblem&);
std::size_t conv2d_forward_cuda6_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_data_cuda6_workspace(const Conv2dProblem&);
std::size_t conv2d_forward_float_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_data_float_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_weight_float_workspace(const Conv2dProblem&);
std::size_t conv2d_inference_cuda6_workspace(const Conv2dInferenceProblem&);
std::size_t conv2d_inference_float_workspace(const Conv2dInferenceProblem&);
std::size_t conv2d_forward_tf32_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_data_tf32_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_weight_tf32_workspace(const Conv2dProblem&);
std::size_t conv2d_inference_tf32_workspace(const Conv2dInferenceProblem&);
std::size_t conv2d_inference_bf16_workspace(const Conv2dInferenceProblem&);
std::size_t conv2d_forward_bf16_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_data_bf16_workspace(const Conv2dProblem&);
std::size_t conv2d_backward_weight_bf16_workspace(const Conv2dProblem&);

#ifdef HILUM_HAVE_ONEDNN
void conv2d_forward_onednn(const Launch&, const Conv2dProblem&, const float* x, const float* w,
                           float* y);
void conv2d_backward_data_onednn(const Launch&, const Conv2dProblem&, const float* w,
                                 const float* dy, float* dx);
void conv2d_backward_weight_onednn(const Launch&, const Conv2dProblem&, const float* x,
                                   const float* dy, float* dw);
const char* conv2d_why_not_forward_onednn_winograd(const Conv2dProblem&);
const char* conv2d_why_not_backward_data_onednn_winograd(const Conv2dProblem&);
const char* conv2d_why_not_backward_weight_onednn_winograd(const Conv2dProblem&);
void conv2d_forward_onednn_winograd(const Launch&, const Conv2dProblem&, const float* x,
                                    const float* w, float* y);
void conv2d_backward_data_onednn_winograd(const Launch&, const Conv2dProblem&, const float* w,
                                          const float* dy, float* dx);
void conv2d_backward_weight_onednn_winograd(const Launch&, const Conv2dProblem&, const float* x,
                                            const float* dy, float* dw);
#else  // the rows stay in the tables, marked "not in this build"
inline constexpr Conv2dForward::Function conv2d_forward_onednn = nullptr;
inline constexpr Conv2dBackwardData::Function conv2d_backward_data_onednn = nullptr;
inline constexpr Conv2dBackwardWeight::Function conv2d_backward_weight_onednn = nullptr;
using Conv2dWhyNot = const char* (*)(const Conv2dProblem&);
inline constexpr Conv2dWhyNot conv2d_why_not_forward_onednn_winograd = nullptr;
inline constexpr Conv2dWhyNot conv2d_why_not_backward_data_onednn_winograd = nullptr;
inline constexpr Conv2dWhyNot conv2d_why_not_backward_weight_onednn_winograd = nullptr;
inline constexpr Conv2dForward::Function conv2d_forward_onednn_winograd = nullptr;
inline constexpr Conv2dBackwardData::Function conv2d_backward_data_onednn_winograd = nullptr;
inline constexpr Conv2dBackwardWeight::Function conv2d_backward_weight_onednn_winograd = nullptr;
#endif

}  // namespace hilum
