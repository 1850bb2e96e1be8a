// conv2d, pass inference: problem, cost and the table of its rows, best first.
#include "kernels/conv2d/inference.h"
#include "kernels/conv2d/inference_ref.h"
#include "kernels/conv2d/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string Conv2dInferenceProblem::describe() const {
  std::string text = conv.describe();
  if (residual) text += " + residual";
  if (activation != Activation::none) text += fmt::format(", {}", activation_name(activation));
  if (pitch != conv.k) text += fmt::format(", pitch {}", pitch);
  return text;
}

std::vector<Operand> Conv2dInference::operands(const Problem& a) {
  return {{"x", a.conv.x_count()},
          {"w", a.conv.w_count()},
          {"bias", a.conv.k},
          {"residual", a.residual ? a.conv.y_count() : 0},
          {"y", a.y_count()}};
}

Cost Conv2dInference::cost(const Problem& a) {
  Cost cost = Conv2dForward::cost(a.conv);
  if (a.residual) cost.bytes += 4.0 * static_cast<double>(a.conv.y_count());
  return cost;
}

const Table<Conv2dInference>& Conv2dInference::table() {
  static const Table<Conv2dInference> rows = {
      {"cpu_depthwise", Device::cpu, conv2d_why_not_inference_depthwise, conv2d_inference_depthwise,
       conv2d_inference_depthwise_workspace},
      {"cpu3_winograd", Device::cpu, conv2d_why_not_inference_cpu3, conv2d_inference_cpu3,
       conv2d_inference_cpu3_workspace, 42, true, conv2d_inference_cpu3_filters,
       conv2d_inference_cpu3_prepare},
      {"cpu2_direct", Device::cpu, nullptr, conv2d_inference_cpu2, conv2d_inference_cpu2_workspace,
       4, true, conv2d_inference_cpu2_filters, conv2d_inference_cpu2_prepare},
      HILUM_CUDA_ROWS(Conv2dInference, "cuda_depthwise", conv2d_why_not_inference_cuda_depthwise),
      HILUM_CUDA_ROWS(Conv2dInference, "cuda6_winograd", conv2d_why_not_inference_cuda6,
                      conv2d_inference_cuda6_workspace, 42),
      HILUM_CUDA_ROWS(Conv2dInference, "cuda4_implicit", conv2d_why_not_inference_cuda_product,
                      conv2d_inference_float_workspace),
      HILUM_CUDA_ROWS(Conv2dInference, "cuda1_naive"),
      library_row<Conv2dInference, "cublas", "cublaslt">(),
      library_row<Conv2dInference, "cublas", "cublaslt_tf32">(conv2d_tf32_tolerance),
      HILUM_CUDA_ROWS(Conv2dInference, "cuda5_tf32", conv2d_why_not_inference_cuda_product,
                      conv2d_inference_tf32_workspace, conv2d_tf32_tolerance),
      HILUM_CUDA_ROWS(Conv2dInference, "cuda5_bf16", conv2d_why_not_inference_cuda_product,
                      conv2d_inference_bf16_workspace, conv2d_bf16_tolerance),
      ref_row<Conv2dInference>(),
  };
  return rows;
}

}  // namespace hilum
