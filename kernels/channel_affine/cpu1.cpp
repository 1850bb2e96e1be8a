// channel_affine, CPU: one pass over memory, a vector of channels at a time, threads over lines.
// Bound by memory: 8 bytes moved an element.
#ifndef HILUM_ISA
#include "kernels/channel_affine/rows.h"
#include "kernels/elementwise.h"
#define HILUM_THIS_FILE "kernels/channel_affine/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void channel_affine_inference_cpu1(const Launch&, const ChannelAffineProblem& a, const float* x,
                                   const float* scale, const float* shift, float* y) {
  HILUM_DISPATCH_ISA(channel_affine, a, x, scale, shift, y);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {
namespace {

void channel_affine(const ChannelAffineProblem& a, const float* x, const float* scale,
                    const float* shift, float* y) {
  const bool rectify = a.activation != Activation::none, clip = a.activation == Activation::relu6;
  const Vec zero = {}, six = broadcast(6);
#pragma omp parallel for schedule(static) if (a.rows * a.c >= parallel_from)
  for (std::size_t m = 0; m < a.rows; ++m) {
    const float* from = x + m * a.x_pitch;
    float* to = y + m * a.y_pitch;
    for (std::size_t c = 0; c < a.c; c += lanes) {
      const std::size_t count = a.c - c < lanes ? a.c - c : lanes;
      Vec v = load_first(from + c, count);
      if (a.scaled) v = v * load_first(scale + c, count) + load_first(shift + c, count);
      if (rectify) v = v <= zero ? zero : v;
      if (clip) v = v > six ? six : v;
      store_first(to + c, v, count);
    }
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
