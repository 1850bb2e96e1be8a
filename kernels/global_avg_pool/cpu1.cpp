// global_avg_pool, cpu1: sums down the pixels, a strip of channels a task.
//
// Idea: an image is a matrix of pixels x channels; its mean row is wanted. A task takes 4 registers
// of channels (256 bytes of each pixel, whole cache lines), so 4 additions are under way at once.
// Sums of pixels are short (49 in a classifier), one after another in one register.
//
// Bound by: memory.
// Measured (Sapphire Rapids, one thread, processor time, 16x7x7x2048, from the cache): 29 GB/s.
#ifndef HILUM_ISA

#include "kernels/global_avg_pool/rows.h"

#define HILUM_THIS_FILE "kernels/global_avg_pool/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void global_avg_pool_forward_cpu1(const Launch&, const GlobalAvgPoolProblem& a, const float* x,
                                  float* y) {
  HILUM_DISPATCH_ISA(global_avg_pool_forward, a, x, y);
}
void global_avg_pool_backward_cpu1(const Launch&, const GlobalAvgPoolProblem& a, const float* dy,
                                   float* dx) {
  HILUM_DISPATCH_ISA(global_avg_pool_backward, a, dy, dx);
}
}  // namespace hilum

#else

namespace hilum::HILUM_ISA {

static void global_avg_pool_forward(const GlobalAvgPoolProblem& a, const float* x, float* y) {
  constexpr std::size_t strip = 4 * lanes;
  const std::size_t pixels = a.h * a.w;
  const Vec share = broadcast(1.0f / static_cast<float>(pixels));
#pragma omp parallel for collapse(2) schedule(static)
  for (std::size_t n = 0; n < a.n; ++n) {
    for (std::size_t c0 = 0; c0 < a.c; c0 += strip) {
      const float* from = x + n * pixels * a.c + c0;
      float* to = y + n * a.c + c0;
      const std::size_t width = std::min(strip, a.c - c0);
      if (width == strip) {
        Vec total[4] = {};
        for (std::size_t i = 0; i < pixels; ++i) {
          for (std::size_t v = 0; v < 4; ++v) total[v] += load(from + i * a.c + v * lanes);
        }
        for (std::size_t v = 0; v < 4; ++v) store(to + v * lanes, share * total[v]);
      } else {
        for (std::size_t c = 0; c < width; c += lanes) {
          const std::size_t count = std::min(lanes, width - c);
          Vec total = {};
          for (std::size_t i = 0; i < pixels; ++i) total += load_first(from + i * a.c + c, count);
          store_first(to + c, share * total, count);
        }
      }
    }
  }
}

static void global_avg_pool_backward(const GlobalAvgPoolProblem& a, const float* dy, float* dx) {
  const std::size_t pixels = a.h * a.w;
  const Vec share = broadcast(1.0f / static_cast<float>(pixels));
#pragma omp parallel for collapse(2) schedule(static)
  for (std::size_t n = 0; n < a.n; ++n) {
    for (std::size_t i = 0; i < pixels; ++i) {
      const float* from = dy + n * a.c;
      float* to = dx + (n * pixels + i) * a.c;
      for (std::size_t c = 0; c < a.c; c += lanes) {
        const std::size_t count = std::min(lanes, a.c - c);
        store_first(to + c, share * load_first(from + c, count), count);
      }
    }
  }
}

}  // namespace hilum::HILUM_ISA
#endif
