// max_pool, cpu1: one register of channels at a time.
//
// Idea: with channels last a window is a handful of contiguous vectors, so the maximum of 16
// channels is one comparison a pixel, and the place of the maximum one blend more.
//
// Backward is cut into bands of image rows: a thread clears its band, walks over every window that
// touches it and adds only what falls inside. Windows that reach over the edge of a band are
// computed twice; nothing is written by two threads, and the windows of one pixel are added in the
// same order whatever the bands, so no atomics are needed and the bits are always the same.
//
// Bound by: memory (forward reads x and writes a quarter of it; backward reads x and dy and writes
// dx; a band fits into the second cache, so clearing it costs no traffic).
// Measured (Sapphire Rapids, one thread, processor time): 9 to 13 GB/s, about what a copy reaches;
// twice as fast as oneDNN in both passes (whose backward runs its forward first).
#ifndef HILUM_ISA

#include "kernels/max_pool/rows.h"

#define HILUM_THIS_FILE "kernels/max_pool/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void max_pool_forward_cpu1(const Launch&, const MaxPoolProblem& a, const float* x, float* y) {
  HILUM_DISPATCH_ISA(max_pool_forward, a, x, y);
}
void max_pool_backward_cpu1(const Launch&, const MaxPoolProblem& a, const float* x, const float* dy,
                            float* dx) {
  HILUM_DISPATCH_ISA(max_pool_backward, a, x, dy, dx);
}
}  // namespace hilum

#else

namespace hilum::HILUM_ISA {

// `count` channels of the maximum of one window; x points at the first of them, of pixel (0, 0).
static inline __attribute__((always_inline)) Vec window_max(const MaxPoolProblem& a, const float* x,
                                                            PoolRange rows, PoolRange columns,
                                                            std::size_t count) {
  Vec best = load_first(x + (rows.begin * a.w + columns.begin) * a.c, count);
  for (std::size_t h = rows.begin; h < rows.end; ++h) {
    for (std::size_t w = columns.begin; w < columns.end; ++w) {
      const Vec v = load_first(x + (h * a.w + w) * a.c, count);
      best = ((v > best) | (v != v)) ? v : best;  // a NaN wins, and stays
    }
  }
  return best;
}

static void max_pool_forward(const MaxPoolProblem& a, const float* x, float* y) {
  const std::size_t p_count = a.p(), q_count = a.q();
#pragma omp parallel for collapse(2) schedule(static)
  for (std::size_t n = 0; n < a.n; ++n) {
    for (std::size_t p = 0; p < p_count; ++p) {
      const PoolRange rows = pool_range(p, a.stride_h, a.pad_h, a.r, a.h);
      const float* image = x + n * a.h * a.w * a.c;
      for (std::size_t q = 0; q < q_count; ++q) {
        const PoolRange columns = pool_range(q, a.stride_w, a.pad_w, a.s, a.w);
        float* out = y + ((n * p_count + p) * q_count + q) * a.c;
        for (std::size_t c = 0; c < a.c; c += lanes) {
          const std::size_t count = std::min(lanes, a.c - c);
          store_first(out + c, window_max(a, image + c, rows, columns, count), count);
        }
      }
    }
  }
}

// Adds `count` channels of one window's dy at the place of its maximum, where that is in the band.
static inline __attribute__((always_inline)) void spread(const MaxPoolProblem& a, const float* x,
                                                         Vec dy, float* dx, PoolRange rows,
                                                         PoolRange columns, PoolRange band,
                                                         std::size_t count) {
  Vec best = load_first(x + (rows.begin * a.w + columns.begin) * a.c, count);
  VecInt place = {}, here = {};
  for (std::size_t h = rows.begin; h < rows.end; ++h) {
    for (std::size_t w = columns.begin; w < columns.end; ++w) {
      const Vec v = load_first(x + (h * a.w + w) * a.c, count);
      const VecInt better = (v > best) | (v != v);
      best = better ? v : best;
      place = better ? here : place;
      here += 1;
    }
  }
  here = VecInt{};
  for (std::size_t h = rows.begin; h < rows.end; ++h) {
    for (std::size_t w = columns.begin; w < columns.end; ++w) {
      if (h >= band.begin && h < band.end) {
        float* to = dx + (h * a.w + w) * a.c;
        store_first(to, load_first(to, count) + (place == here ? dy : Vec{}), count);
      }
      here += 1;
    }
  }
}

static void max_pool_backward(const MaxPoolProblem& a, const float* x, const float* dy, float* dx) {
  const std::size_t p_count = a.p(), q_count = a.q();
  const std::size_t band_rows = 8 * a.stride_h, bands = (a.h + band_rows - 1) / band_rows;
#pragma omp parallel for collapse(2) schedule(static)
  for (std::size_t n = 0; n < a.n; ++n) {
    for (std::size_t b = 0; b < bands; ++b) {
      const PoolRange band = {b * band_rows, std::min((b + 1) * band_rows, a.h)};
      const std::size_t image = n * a.h * a.w * a.c;
      std::fill(dx + image + band.begin * a.w * a.c, dx + image + band.end * a.w * a.c, 0.0f);
      const std::size_t first =
          pool_windows_over(band.begin, a.stride_h, a.pad_h, a.r, p_count).begin;
      const std::size_t last =
          pool_windows_over(band.end - 1, a.stride_h, a.pad_h, a.r, p_count).end;
      for (std::size_t p = first; p < last; ++p) {
        const PoolRange rows = pool_range(p, a.stride_h, a.pad_h, a.r, a.h);
        for (std::size_t q = 0; q < q_count; ++q) {
          const PoolRange columns = pool_range(q, a.stride_w, a.pad_w, a.s, a.w);
          const float* from = dy + ((n * p_count + p) * q_count + q) * a.c;
          for (std::size_t c = 0; c < a.c; c += lanes) {
            const std::size_t count = std::min(lanes, a.c - c);
            spread(a, x + image + c, load_first(from + c, count), dx + image + c, rows, columns,
                   band, count);
          }
        }
      }
    }
  }
}

}  // namespace hilum::HILUM_ISA
#endif
