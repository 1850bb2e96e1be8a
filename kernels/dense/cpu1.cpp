// dense, cpu1: the loops of the reference, in an order that vectors and caches like.
//
// Idea: forward is N x O dot products along I, which both operands store contiguously. Each thread
// takes outputs; a row of w stays in the cache while the batch runs past it. Both backward passes
// are sums of scaled rows (of w, or of x), cut in strips of 1024 columns so that the row being
// added to stays in the first cache.
//
// Bound by: loads. Every multiply-add fetches its operands again, one or two loads each, from
// whatever cache holds the smaller matrix; a register tile (cpu2_gemm) uses each load 10 times.
// Measured (Sapphire Rapids, one thread, processor time): 32x32768 -> 128 13 GFLOP/s forward, 34
// backward; 1024 cubed 15, a tenth of cpu2_gemm.
#ifndef HILUM_ISA

#include "kernels/dense/rows.h"

#define HILUM_THIS_FILE "kernels/dense/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {

void dense_forward_cpu1(const Launch&, const DenseProblem& a, const float* x, const float* w,
                        float* y) {
  HILUM_DISPATCH_ISA(dense_forward, a, x, w, y);
}
// dx (N x I) = dy (N x O) w (O x I), dw (O x I) = dy^T (O x N) x (N x I).
void dense_backward_data_cpu1(const Launch&, const DenseProblem& a, const float* w, const float* dy,
                              float* dx) {
  HILUM_DISPATCH_ISA(sums_of_rows, a.n, a.o, a.i, dy, a.o, 1, w, dx);
}
void dense_backward_weight_cpu1(const Launch&, const DenseProblem& a, const float* x,
                                const float* dy, float* dw) {
  HILUM_DISPATCH_ISA(sums_of_rows, a.o, a.n, a.i, dy, 1, a.o, x, dw);
}

}  // namespace hilum

#else

namespace hilum::HILUM_ISA {

// Four sums side by side hide the latency of the additions.
static float dot(std::size_t count, const float* x, const float* w) {
  Vec sums[4] = {};
  std::size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    for (std::size_t v = 0; v < 4; ++v)
      sums[v] += load(x + i + v * lanes) * load(w + i + v * lanes);
  }
  for (; i < count; i += lanes) {
    const std::size_t rest = std::min(lanes, count - i);
    sums[0] += load_partial(x + i, rest) * load_partial(w + i, rest);
  }
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

static void dense_forward(const DenseProblem& a, const float* x, const float* w, float* y) {
#pragma omp parallel for schedule(static)
  for (std::size_t o = 0; o < a.o; ++o) {
    for (std::size_t n = 0; n < a.n; ++n) y[n * a.o + o] = dot(a.i, x + n * a.i, w + o * a.i);
  }
}

// out[m, :] = sum over k of factor[m, k] rows[k, :], factor[m, k] at factors[m * fm + k * fk].
static void sums_of_rows(std::size_t m_count, std::size_t k_count, std::size_t columns,
                         const float* factors, std::size_t fm, std::size_t fk, const float* rows,
                         float* out) {
  constexpr std::size_t strip = 1024;
  const std::size_t strips = (columns + strip - 1) / strip;
#pragma omp parallel for collapse(2) schedule(static)
  for (std::size_t s = 0; s < strips; ++s) {
    for (std::size_t m = 0; m < m_count; ++m) {
      const std::size_t count = std::min(strip, columns - s * strip);
      float* to = out + m * columns + s * strip;
      std::fill_n(to, count, 0.0f);
      for (std::size_t k = 0; k < k_count; ++k) {
        const float* from = rows + k * columns + s * strip;
        const Vec factor = broadcast(factors[m * fm + k * fk]);
        std::size_t i = 0;
        for (; i + lanes <= count; i += lanes) {
          store(to + i, load(to + i) + factor * load(from + i));
        }
        if (i < count) {
          const std::size_t rest = count - i;
          store_partial(to + i, load_partial(to + i, rest) + factor * load_partial(from + i, rest),
                        rest);
        }
      }
    }
  }
}

}  // namespace hilum::HILUM_ISA
#endif
