// One row of softmax in registers; for softmax and for softmax_cross_entropy. Included like simd.h,
// in each instruction set's pass. No include guard.
#include "kernels/simd_exp.h"

namespace hilum::HILUM_ISA {

struct RowSum {
  float largest, sum;
};

// y = exp(x - largest) / sum over c classes; y may be x. The sum's order depends on c alone.
static inline RowSum softmax_row(std::size_t c, const float* x, float* y) {
  const std::size_t whole = c / lanes * lanes, rest = c - whole;
  float largest = x[0];
  if (whole != 0) {
    Vec top = load(x);
    for (std::size_t j = lanes; j < whole; j += lanes) top = max(load(x + j), top);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      largest = top[lane] > largest ? top[lane] : largest;
    }
  }
  for (std::size_t j = whole; j < c; ++j) largest = x[j] > largest ? x[j] : largest;

  Vec sums = {};
  for (std::size_t j = 0; j < whole; j += lanes) {
    const Vec e = exp(load(x + j) - largest);
    store(y + j, e);
    sums += e;
  }
  store_partial(y + whole, exp(load_partial(x + whole, rest) - largest), rest);
  sums += load_partial(y + whole, rest);  // back from memory: the lanes past the end are zero
  const float total = sum(sums);
#pragma omp simd
  for (std::size_t j = 0; j < c; ++j) y[j] /= total;
  return {largest, total};
}

}  // namespace hilum::HILUM_ISA
