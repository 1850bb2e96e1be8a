// conv2d, depthwise, pass inference: the forward row of cpu_depthwise.cpp, then the epilogue over
// what it wrote. A depthwise layer is bound by memory, and this is one more pass over y; it takes
// the filters as they are.
#ifndef HILUM_ISA
#include "kernels/conv2d/epilogue.h"
#include "kernels/conv2d/rows.h"
#include "kernels/elementwise.h"
#define HILUM_THIS_FILE "kernels/conv2d/cpu_depthwise_inference.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

void finish_all(std::size_t pixels, std::size_t filters, const Epilogue& e, float* y) {
  HILUM_DISPATCH_ISA(finish_pixels, pixels, filters, e, y);
}

}  // namespace

const char* conv2d_why_not_inference_depthwise(const Conv2dInferenceProblem& a) {
  if (const char* reason = conv2d_why_not_depthwise(a.conv)) return reason;
  return a.pitch == a.conv.k ? nullptr : "writes pixels side by side only";
}
std::size_t conv2d_inference_depthwise_workspace(const Conv2dInferenceProblem& a) {
  return conv2d_forward_depthwise_workspace(a.conv);
}
void conv2d_inference_depthwise(const Launch& launch, const Conv2dInferenceProblem& a,
                                const float* x, const float* w, const float* bias,
                                const float* residual, float* y) {
  conv2d_forward_depthwise(launch, a.conv, x, w, y);
  finish_all(a.pixels(), a.conv.k, {bias, residual, a.activation}, y);
}

}  // namespace hilum

#else
#include "kernels/conv2d/epilogue_simd.h"

namespace hilum::HILUM_ISA {
namespace {

void finish_pixels(std::size_t pixels, std::size_t filters, const Epilogue& e, float* y) {
#pragma omp parallel for schedule(static) if (pixels * filters >= parallel_from)
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    float* to = y + pixel * filters;
    for (std::size_t k = 0; k < filters; k += lanes) {
      const std::size_t count = filters - k < lanes ? filters - k : lanes;
      store_first(to + k, finish(e, load_first(to + k, count), k, pixel, filters, count), count);
    }
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
