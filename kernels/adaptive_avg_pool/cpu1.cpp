// adaptive_avg_pool, cpu1: one register of channels at a time.
//
// Idea: as avg_pool's cpu1, with windows whose edges are computed: forward adds the pixels of a
// window, backward lets each pixel of dx ask which windows cover it, so that every element is
// written by one thread only.
//
// Bound by: memory.
#ifndef HILUM_ISA

#include "kernels/adaptive_avg_pool/rows.h"

#define HILUM_THIS_FILE "kernels/adaptive_avg_pool/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void adaptive_avg_pool_forward_cpu1(const Launch&, const AdaptiveAvgPoolProblem& a, const float* x,
                                    float* y) {
  HILUM_DISPATCH_ISA(adaptive_avg_pool_forward, a, x, y);
}
void adaptive_avg_pool_backward_cpu1(const Launch&, const AdaptiveAvgPoolProblem& a,
                                     const float* dy, float* dx) {
  HILUM_DISPATCH_ISA(adaptive_avg_pool_backward, a, dy, dx);
}
}  // namespace hilum

#else

namespace hilum::HILUM_ISA {

static inline float share_of(PoolRange rows, PoolRange columns) {
  return 1.0f / static_cast<float>((rows.end - rows.begin) * (columns.end - columns.begin));
}

static void adaptive_avg_pool_forward(const AdaptiveAvgPoolProblem& a, const float* x, float* y) {
#pragma omp parallel for collapse(2) schedule(static)
  for (std::size_t n = 0; n < a.n; ++n) {
    for (std::size_t p = 0; p < a.p; ++p) {
      const PoolRange rows = adaptive_range(p, a.h, a.p);
      const float* image = x + n * a.h * a.w * a.c;
      for (std::size_t q = 0; q < a.q; ++q) {
        const PoolRange columns = adaptive_range(q, a.w, a.q);
        const Vec share = broadcast(share_of(rows, columns));
        float* out = y + ((n * a.p + p) * a.q + q) * a.c;
        for (std::size_t c = 0; c < a.c; c += lanes) {
          const std::size_t count = std::min(lanes, a.c - c);
          Vec total = {};
          for (std::size_t h = rows.begin; h < rows.end; ++h) {
            for (std::size_t w = columns.begin; w < columns.end; ++w) {
              total += load_first(image + (h * a.w + w) * a.c + c, count);
            }
          }
          store_first(out + c, share * total, count);
        }
      }
    }
  }
}

static void adaptive_avg_pool_backward(const AdaptiveAvgPoolProblem& a, const float* dy,
                                       float* dx) {
#pragma omp parallel for collapse(2) schedule(static)
  for (std::size_t n = 0; n < a.n; ++n) {
    for (std::size_t h = 0; h < a.h; ++h) {
      const PoolRange ps = adaptive_range(h, a.p, a.h);
      for (std::size_t w = 0; w < a.w; ++w) {
        const PoolRange qs = adaptive_range(w, a.q, a.w);
        float* out = dx + ((n * a.h + h) * a.w + w) * a.c;
        for (std::size_t c = 0; c < a.c; c += lanes) {
          const std::size_t count = std::min(lanes, a.c - c);
          Vec total = {};
          for (std::size_t p = ps.begin; p < ps.end; ++p) {
            for (std::size_t q = qs.begin; q < qs.end; ++q) {
              const float share =
                  share_of(adaptive_range(p, a.h, a.p), adaptive_range(q, a.w, a.q));
              total +=
                  broadcast(share) * load_first(dy + ((n * a.p + p) * a.q + q) * a.c + c, count);
            }
          }
          store_first(out + c, total, count);
        }
      }
    }
  }
}

}  // namespace hilum::HILUM_ISA
#endif
