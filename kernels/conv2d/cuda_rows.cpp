// conv2d: which problems the CUDA rows run and the workspace they need; the rows are in *.cu.
#include "kernels/conv2d/cuda2_tile.h"
#include "kernels/conv2d/cuda3_im2col.h"
#include "kernels/conv2d/cuda6_winograd.h"
#include "kernels/conv2d/cuda_depthwise.h"
#include "kernels/conv2d/rows.h"

namespace hilum {

const char* conv2d_why_not_cuda_product(const Conv2dProblem& a) {
  constexpr std::size_t most = std::size_t{1} << 30;
  if (a.groups != 1) return "runs one group only";
  // Kernels count pixels, and what an image or the filters have, in 32 bits; see cuda4_operands.h.
  if (a.n * a.h * a.w > most || a.n * a.p() * a.q() > most) return "runs 2^30 pixels at most";
  if ((a.h + 2 * a.pad_h) * (a.w + 2 * a.pad_w) * (a.c + 8) > most ||
      a.p() * a.q() * (a.k + 8) > most || (a.k + 8) * a.r * a.s * (a.c + 8) > most) {
    return "runs 2^30 numbers an image, and in all filters, at most";
  }
  return nullptr;
}

const char* conv2d_why_not_inference_cuda_product(const Conv2dInferenceProblem& a) {
  return conv2d_why_not_cuda_product(a.conv);
}

const char* conv2d_why_not_cuda_depthwise(const Conv2dProblem& a) {
  if (const char* reason = conv2d_why_not_depthwise(a)) return reason;
  constexpr std::size_t most = std::size_t{1} << 30;
  if ((a.h + 2 * a.pad_h) * (a.w + 2 * a.pad_w) * a.c > most || a.p() * a.q() * a.c > most) {
    return "runs 2^30 numbers an image at most";
  }
  if (Conv2dDepthwise::shared_bytes(a) > 96 * 1024) return "needs more than 96 KB of shared memory";
  return nullptr;
}
const char* conv2d_why_not_inference_cuda_depthwise(const Conv2dInferenceProblem& a) {
  return conv2d_why_not_cuda_depthwise(a.conv);
}
std::size_t conv2d_backward_weight_cuda_depthwise_workspace(const Conv2dProblem& a) {
  return Conv2dDepthwise::workspace(a);
}

const char* conv2d_why_not_cuda2(const Conv2dProblem& a) {
  if (const char* reason = conv2d_why_not_cuda_product(a)) return reason;
  if (Conv2dPatch(a).shared_bytes > 96 * 1024) return "needs more than 96 KB of shared memory";
  return nullptr;
}

std::size_t conv2d_forward_cuda3_workspace(const Conv2dProblem& a) {
  return Conv2dIm2col(a).workspace(a);
}

const char* conv2d_why_not_cuda6(const Conv2dProblem& a) {
  if (const char* reason = conv2d_why_not_cuda_product(a)) return reason;
  if (a.r != 3 || a.s != 3) return "runs 3x3 filters only";
  if (a.stride_h != 1 || a.stride_w != 1) return "runs stride 1 only";
  if (a.dilation_h != 1 || a.dilation_w != 1) return "runs dilation 1 only";
  if (a.c < 48 || a.k < 48) return "gains nothing below 48 channels or filters";
  return nullptr;
}
const char* conv2d_why_not_inference_cuda6(const Conv2dInferenceProblem& a) {
  return conv2d_why_not_cuda6(a.conv);
}
std::size_t conv2d_inference_cuda6_workspace(const Conv2dInferenceProblem& a) {
  return conv2d_forward_cuda6_workspace(a.conv);
}
std::size_t conv2d_forward_cuda6_workspace(const Conv2dProblem& a) {
  return WinogradShape::forward(a).workspace();
}
std::size_t conv2d_backward_data_cuda6_workspace(const Conv2dProblem& a) {
  return WinogradShape::backward_data(a).workspace();
}

// The implicit products.
std::size_t conv2d_forward_float_workspace(const Conv2dProblem& a) {
  return implicit_forward_workspace<FloatPlan>(a);
}
std::size_t conv2d_backward_data_float_workspace(const Conv2dProblem& a) {
  return implicit_backward_data_workspace<FloatPlan>(a);
}
std::size_t conv2d_backward_weight_float_workspace(const Conv2dProblem& a) {
  return implicit_backward_weight_workspace<FloatPlan>(a);
}
std::size_t conv2d_inference_float_workspace(const Conv2dInferenceProblem& a) {
  return conv2d_forward_float_workspace(a.conv);
}
std::size_t conv2d_forward_tf32_workspace(const Conv2dProblem& a) {
  return implicit_forward_workspace<Tf32Plan>(a);
}
std::size_t conv2d_backward_data_tf32_workspace(const Conv2dProblem& a) {
  return implicit_backward_data_workspace<Tf32Plan>(a);
}
std::size_t conv2d_backward_weight_tf32_workspace(const Conv2dProblem& a) {
  return implicit_backward_weight_workspace<Tf32Plan>(a);
}
std::size_t conv2d_inference_tf32_workspace(const Conv2dInferenceProblem& a) {
  return conv2d_forward_tf32_workspace(a.conv);
}
std::size_t conv2d_forward_bf16_workspace(const Conv2dProblem& a) {
  return implicit_forward_workspace<Bf16Plan>(a);
}
std::size_t conv2d_backward_data_bf16_workspace(const Conv2dProblem& a) {
  return implicit_backward_data_workspace<Bf16Plan>(a);
}
std::size_t conv2d_backward_weight_bf16_workspace(const Conv2dProblem& a) {
  return implicit_backward_weight_workspace<Bf16Plan>(a);
}
std::size_t conv2d_inference_bf16_workspace(const Conv2dInferenceProblem& a) {
  return conv2d_forward_bf16_workspace(a.conv);
}

}  // namespace hilum
