// conv2d: problem, costs and the tables of its rows, best first.
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/ref.h"
#include "kernels/conv2d/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string Conv2dProblem::describe() const {
  std::string text = fmt::format("{}x{}x{}x{} -> {} {}x{}", n, h, w, c, k, r, s);
  if (stride_h != 1 || stride_w != 1) {
    text += stride_h == stride_w ? fmt::format(" /{}", stride_h)
                                 : fmt::format(" /{}x{}", stride_h, stride_w);
  }
  if (pad_h != 0 || pad_w != 0) {
    text +=
        pad_h == pad_w ? fmt::format(" pad {}", pad_h) : fmt::format(" pad {}x{}", pad_h, pad_w);
  }
  if (dilation_h != 1 || dilation_w != 1) {
    text += dilation_h == dilation_w ? fmt::format(" dil {}", dilation_h)
                                     : fmt::format(" dil {}x{}", dilation_h, dilation_w);
  }
  if (groups != 1) text += fmt::format(" groups {}", groups);
  return text;
}

void check(const Conv2dProblem& a) {
  if (a.n == 0 || a.h == 0 || a.w == 0 || a.c == 0 || a.k == 0 || a.r == 0 || a.s == 0 ||
      a.stride_h == 0 || a.stride_w == 0 || a.dilation_h == 0 || a.dilation_w == 0 ||
      a.groups == 0) {
    throw usage_error("conv2d {}: a size, stride, dilation or group count is zero.", a.describe());
  }
  if (a.c % a.groups != 0 || a.k % a.groups != 0) {
    throw usage_error("conv2d {}: {} groups do not divide {} channels and {} filters evenly.",
                      a.describe(), a.groups, a.c, a.k);
  }
  const std::size_t reach_h = a.dilation_h * (a.r - 1) + 1, reach_w = a.dilation_w * (a.s - 1) + 1;
  if (reach_h > a.h + 2 * a.pad_h || reach_w > a.w + 2 * a.pad_w) {
    throw usage_error(
        "conv2d {}: the filter covers {}x{} pixels and the padded image has {}x{}. Use a larger "
        "image, or more padding.",
        a.describe(), reach_h, reach_w, a.h + 2 * a.pad_h, a.w + 2 * a.pad_w);
  }
}

namespace {
Cost conv2d_cost(const Conv2dProblem& a) {
  return {2.0 * static_cast<double>(a.y_count()) * static_cast<double>(a.r * a.s * a.c / a.groups),
          4.0 * static_cast<double>(a.x_count() + a.w_count() + a.y_count())};
}
}  // namespace

std::vector<Operand> Conv2dForward::operands(const Problem& a) {
  return {{"x", a.x_count()}, {"w", a.w_count()}, {"y", a.y_count()}};
}
std::vector<Operand> Conv2dBackwardData::operands(const Problem& a) {
  return {{"w", a.w_count()}, {"dy", a.y_count()}, {"dx", a.x_count()}};
}
std::vector<Operand> Conv2dBackwardWeight::operands(const Problem& a) {
  return {{"x", a.x_count()}, {"dy", a.y_count()}, {"dw", a.w_count()}};
}
Cost Conv2dForward::cost(const Problem& a) { return conv2d_cost(a); }
Cost Conv2dBackwardData::cost(const Problem& a) { return conv2d_cost(a); }
Cost Conv2dBackwardWeight::cost(const Problem& a) { return conv2d_cost(a); }

const Table<Conv2dForward>& Conv2dForward::table() {
  static const Table<Conv2dForward> rows = {
      {"cpu_depthwise", Device::cpu, conv2d_why_not_depthwise, conv2d_forward_depthwise,
       conv2d_forward_depthwise_workspace},
      {"cpu3_winograd", Device::cpu, conv2d_why_not_cpu3, conv2d_forward_cpu3,
       conv2d_forward_cpu3_workspace, 42},
      {"cpu2_direct", Device::cpu, nullptr, conv2d_forward_cpu2, conv2d_forward_cpu2_workspace},
      {"onednn", Device::cpu, nullptr, conv2d_forward_onednn},
      {"onednn_winograd", Device::cpu, conv2d_why_not_forward_onednn_winograd,
       conv2d_forward_onednn_winograd, nullptr, 42},
      {"cpu1_im2col", Device::cpu, nullptr, conv2d_forward_cpu1, conv2d_forward_cpu1_workspace},
      HILUM_CUDA_ROWS(Conv2dForward, "cuda_depthwise", conv2d_why_not_cuda_depthwise),
      HILUM_CUDA_ROWS(Conv2dForward, "cuda6_winograd", conv2d_why_not_cuda6,
                      conv2d_forward_cuda6_workspace, 42),
      HILUM_CUDA_ROWS(Conv2dForward, "cuda4_implicit", conv2d_why_not_cuda_product,
                      conv2d_forward_float_workspace),
      HILUM_CUDA_ROWS(Conv2dForward, "cuda3_im2col", conv2d_why_not_cuda_product,
                      conv2d_forward_cuda3_workspace),
      HILUM_CUDA_ROWS(Conv2dForward, "cuda2_tile", conv2d_why_not_cuda2),
      HILUM_CUDA_ROWS(Conv2dForward, "cuda1_naive"),
      library_row<Conv2dForward, "cudnn", "cudnn">(42),
      library_row<Conv2dForward, "cudnn", "cudnn_tf32">(conv2d_tf32_tolerance),
      library_row<Conv2dForward, "cudnn", "cudnn_bf16">(conv2d_bf16_tolerance),
      HILUM_CUDA_ROWS(Conv2dForward, "cuda5_tf32", conv2d_why_not_cuda_product,
                      conv2d_forward_tf32_workspace, conv2d_tf32_tolerance),
      HILUM_CUDA_ROWS(Conv2dForward, "cuda5_bf16", conv2d_why_not_cuda_product,
                      conv2d_forward_bf16_workspace, conv2d_bf16_tolerance),
      ref_row<Conv2dForward>(),
  };
  return rows;
}

const Table<Conv2dBackwardData>& Conv2dBackwardData::table() {
  static const Table<Conv2dBackwardData> rows = {
      {"cpu_depthwise", Device::cpu, conv2d_why_not_depthwise, conv2d_backward_data_depthwise,
       conv2d_backward_data_depthwise_workspace},
      {"cpu3_winograd", Device::cpu, conv2d_why_not_cpu3, conv2d_backward_data_cpu3,
       conv2d_backward_data_cpu3_workspace, 42},
      {"cpu2_direct", Device::cpu, nullptr, conv2d_backward_data_cpu2,
       conv2d_backward_data_cpu2_workspace},
      {"onednn", Device::cpu, nullptr, conv2d_backward_data_onednn},
      {"onednn_winograd", Device::cpu, conv2d_why_not_backward_data_onednn_winograd,
       conv2d_backward_data_onednn_winograd, nullptr, 42},
      {"cpu1_im2col", Device::cpu, nullptr, conv2d_backward_data_cpu1,
       conv2d_backward_data_cpu1_workspace},
      HILUM_CUDA_ROWS(Conv2dBackwardData, "cuda_depthwise", conv2d_why_not_cuda_depthwise),
      HILUM_CUDA_ROWS(Conv2dBackwardData, "cuda6_winograd", conv2d_why_not_cuda6,
                      conv2d_backward_data_cuda6_workspace, 42),
      HILUM_CUDA_ROWS(Conv2dBackwardData, "cuda4_implicit", conv2d_why_not_cuda_product,
                      conv2d_backward_data_float_workspace),
      HILUM_CUDA_ROWS(Conv2dBackwardData, "cuda1_naive"),
      library_row<Conv2dBackwardData, "cudnn", "cudnn">(42),
      library_row<Conv2dBackwardData, "cudnn", "cudnn_tf32">(conv2d_tf32_tolerance),
      library_row<Conv2dBackwardData, "cudnn", "cudnn_bf16">(conv2d_bf16_tolerance),
      HILUM_CUDA_ROWS(Conv2dBackwardData, "cuda5_tf32", conv2d_why_not_cuda_product,
                      conv2d_backward_data_tf32_workspace, conv2d_tf32_tolerance),
      HILUM_CUDA_ROWS(Conv2dBackwardData, "cuda5_bf16", conv2d_why_not_cuda_product,
                      conv2d_backward_data_bf16_workspace, conv2d_bf16_tolerance),
      ref_row<Conv2dBackwardData>(),
  };
  return rows;
}

const Table<Conv2dBackwardWeight>& Conv2dBackwardWeight::table() {
  static const Table<Conv2dBackwardWeight> rows = {
      {"cpu_depthwise", Device::cpu, conv2d_why_not_depthwise, conv2d_backward_weight_depthwise,
       conv2d_backward_weight_depthwise_workspace},
      {"cpu3_winograd", Device::cpu, conv2d_why_not_cpu3, conv2d_backward_weight_cpu3,
       conv2d_backward_weight_cpu3_workspace, 50},
      {"cpu2_direct", Device::cpu, nullptr, conv2d_backward_weight_cpu2,
       conv2d_backward_weight_cpu2_workspace},
      {"onednn", Device::cpu, nullptr, conv2d_backward_weight_onednn, nullptr, 4, false},
      {"onednn_winograd", Device::cpu, conv2d_why_not_backward_weight_onednn_winograd,
       conv2d_backward_weight_onednn_winograd, nullptr, 50, false},
      {"cpu1_im2col", Device::cpu, nullptr, conv2d_backward_weight_cpu1,
       conv2d_backward_weight_cpu1_workspace},
      HILUM_CUDA_ROWS(Conv2dBackwardWeight, "cuda_depthwise", conv2d_why_not_cuda_depthwise,
                      conv2d_backward_weight_cuda_depthwise_workspace),
      HILUM_CUDA_ROWS(Conv2dBackwardWeight, "cuda4_implicit", conv2d_why_not_cuda_product,
                      conv2d_backward_weight_float_workspace),
      HILUM_CUDA_ROWS(Conv2dBackwardWeight, "cuda1_naive"),
      library_row<Conv2dBackwardWeight, "cudnn", "cudnn">(42),
      library_row<Conv2dBackwardWeight, "cudnn", "cudnn_tf32">(conv2d_tf32_tolerance),
      library_row<Conv2dBackwardWeight, "cudnn", "cudnn_bf16">(conv2d_bf16_tolerance),
      HILUM_CUDA_ROWS(Conv2dBackwardWeight, "cuda5_tf32", conv2d_why_not_cuda_product,
                      conv2d_backward_weight_tf32_workspace, conv2d_tf32_tolerance),
      HILUM_CUDA_ROWS(Conv2dBackwardWeight, "cuda5_bf16", conv2d_why_not_cuda_product,
                      conv2d_backward_weight_bf16_workspace, conv2d_bf16_tolerance),
      ref_row<Conv2dBackwardWeight>(),
  };
  return rows;
}

}  // namespace hilum
