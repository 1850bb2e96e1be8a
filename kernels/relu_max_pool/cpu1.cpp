// relu_max_pool, cpu1: max_pool's cpu1 with the ReLU as one more candidate of every window.
//
// Idea: the maximum of 0 and the window is the ReLU's maximum, so neither the cut-off values nor
// the comparisons for them are ever written. The place of the winner is kept as a byte, where x
// would be sixteen with a 2x2 window; backward reads that instead of looking for the maximum again.
// Backward is cut into bands of image rows as in max_pool.
//
// Bound by: memory.
#ifndef HILUM_ISA

#include "kernels/relu_max_pool/rows.h"

#define HILUM_THIS_FILE "kernels/relu_max_pool/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void relu_max_pool_forward_cpu1(const Launch&, const ReluMaxPoolProblem& a, const float* x,
                                float* y, std::uint8_t* index) {
  HILUM_DISPATCH_ISA(relu_max_pool_forward, a, x, y, index);
}
void relu_max_pool_backward_cpu1(const Launch&, const ReluMaxPoolProblem& a,
                                 const std::uint8_t* index, const float* dy, float* dx) {
  HILUM_DISPATCH_ISA(relu_max_pool_backward, a, index, dy, dx);
}
}  // namespace hilum

#else

namespace hilum::HILUM_ISA {

using Bytes = std::uint8_t __attribute__((vector_size(HILUM_LANES)));

static inline __attribute__((always_inline)) void store_bytes(std::uint8_t* to, VecInt values,
                                                              std::size_t count) {
  const Bytes bytes = __builtin_convertvector(values, Bytes);
  if (count == lanes) {
    __builtin_memcpy(to, &bytes, lanes);
  } else {
    __builtin_memcpy(to, &bytes, count);
  }
}
static inline __attribute__((always_inline)) VecInt load_bytes(const std::uint8_t* from,
                                                               std::size_t count) {
  Bytes bytes = {};
  if (count == lanes) {
    __builtin_memcpy(&bytes, from, lanes);
  } else {
    __builtin_memcpy(&bytes, from, count);
  }
  return __builtin_convertvector(bytes, VecInt);
}

static void relu_max_pool_forward(const ReluMaxPoolProblem& a, const float* x, float* y,
                                  std::uint8_t* index) {
  const std::size_t p_count = a.p(), q_count = a.q();
#pragma omp parallel for collapse(2) schedule(static)
  for (std::size_t n = 0; n < a.n; ++n) {
    for (std::size_t p = 0; p < p_count; ++p) {
      const PoolRange rows = pool_range(p, a.stride_h, a.pad_h, a.r, a.h);
      for (std::size_t q = 0; q < q_count; ++q) {
        const PoolRange columns = pool_range(q, a.stride_w, a.pad_w, a.s, a.w);
        const std::size_t out = ((n * p_count + p) * q_count + q) * a.c;
        for (std::size_t c = 0; c < a.c; c += lanes) {
          const std::size_t count = std::min(lanes, a.c - c);
          Vec best = {};
          VecInt place = VecInt{} + static_cast<std::int32_t>(a.none());
          for (std::size_t h = rows.begin; h < rows.end; ++h) {
            const std::size_t r = h + a.pad_h - p * a.stride_h;
            for (std::size_t w = columns.begin; w < columns.end; ++w) {
              const std::size_t s = w + a.pad_w - q * a.stride_w;
              const Vec v = load_first(x + ((n * a.h + h) * a.w + w) * a.c + c, count);
              const VecInt better = (v > best) | (v != v);
              best = better ? v : best;
              place = better ? VecInt{} + static_cast<std::int32_t>(r * a.s + s) : place;
            }
          }
          store_first(y + out + c, best, count);
          store_bytes(index + out + c, place, count);
        }
      }
    }
  }
}

static void relu_max_pool_backward(const ReluMaxPoolProblem& a, const std::uint8_t* index,
                                   const float* dy, float* dx) {
  const std::size_t p_count = a.p(), q_count = a.q();
  const std::size_t band_rows = 8 * a.stride_h, bands = (a.h + band_rows - 1) / band_rows;
#pragma omp parallel for collapse(2) schedule(static)
  for (std::size_t n = 0; n < a.n; ++n) {
    for (std::size_t b = 0; b < bands; ++b) {
      const PoolRange band = {b * band_rows, std::min((b + 1) * band_rows, a.h)};
      float* image = dx + n * a.h * a.w * a.c;
      std::fill(image + band.begin * a.w * a.c, image + band.end * a.w * a.c, 0.0f);
      const std::size_t first =
          pool_windows_over(band.begin, a.stride_h, a.pad_h, a.r, p_count).begin;
      const std::size_t last =
          pool_windows_over(band.end - 1, a.stride_h, a.pad_h, a.r, p_count).end;
      for (std::size_t p = first; p < last; ++p) {
        const PoolRange window = pool_range(p, a.stride_h, a.pad_h, a.r, a.h);
        const PoolRange rows = {std::max(window.begin, band.begin), std::min(window.end, band.end)};
        for (std::size_t q = 0; q < q_count; ++q) {
          const PoolRange columns = pool_range(q, a.stride_w, a.pad_w, a.s, a.w);
          const std::size_t out = ((n * p_count + p) * q_count + q) * a.c;
          for (std::size_t c = 0; c < a.c; c += lanes) {
            const std::size_t count = std::min(lanes, a.c - c);
            const Vec gradient = load_first(dy + out + c, count);
            const VecInt place = load_bytes(index + out + c, count);
            for (std::size_t h = rows.begin; h < rows.end; ++h) {
              const std::size_t r = h + a.pad_h - p * a.stride_h;
              for (std::size_t w = columns.begin; w < columns.end; ++w) {
                const std::size_t s = w + a.pad_w - q * a.stride_w;
                const VecInt here = VecInt{} + static_cast<std::int32_t>(r * a.s + s);
                float* to = image + (h * a.w + w) * a.c + c;
                store_first(to, load_first(to, count) + (place == here ? gradient : Vec{}), count);
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace hilum::HILUM_ISA
#endif
