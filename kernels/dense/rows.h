// dense: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/dense/dense.h"

namespace hilum {

void dense_forward_cpu1(const Launch&, const DenseProblem&, const float* x, const float* w,
                        float* y);
void dense_backward_data_cpu1(const Launch&, const DenseProblem&, const float* w, const float* dy,
                              float* dx);
void dense_backward_weight_cpu1(const Launch&, const DenseProblem&, const float* x, const float* dy,
                                float* dw);

const char* dense_why_not_stream(const DenseProblem&);
void dense_forward_stream(const Launch&, const DenseProblem&, const float* x, const float* w,
                          float* y);
void dense_forward_cpu2_gemm(const Launch&, const DenseProblem&, const float* x, const float* w,
                             float* y);
void dense_backward_data_cpu2_gemm(const Launch&, const DenseProblem&, const float* w,
                                   const float* dy, float* dx);
void dense_backward_weight_cpu2_gemm(const Launch&, const DenseProblem&, const float* x,
                                     const float* dy, float* dw);
std::size_t dense_forward_cpu2_workspace(const DenseProblem&);
std::size_t dense_backward_data_cpu2_workspace(const DenseProblem&);
std::size_t dense_backward_weight_cpu2_workspace(const DenseProblem&);

#ifdef HILUM_HAVE_ONEDNN
void dense_forward_onednn(const Launch&, const DenseProblem&, const float* x, const float* w,
                          float* y);
void dense_backward_data_onednn(const Launch&, const DenseProblem&, const float* w, const float* dy,
                                float* dx);
void dense_backward_weight_onednn(const Launch&, const DenseProblem&, const float* x,
                                  const float* dy, float* dw);
#else  // the rows stay in the tables, marked "not in this build"
inline constexpr DenseForward::Function dense_forward_onednn = nullptr;
inline constexpr DenseBackwardData::Function dense_backward_data_onednn = nullptr;
inline constexpr DenseBackwardWeight::Function dense_backward_weight_onednn = nullptr;
#endif

}  // namespace hilum
