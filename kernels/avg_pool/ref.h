// avg_pool, reference: the formulas of avg_pool.h as loops.
#pragma once

#include <algorithm>

#include "kernels/avg_pool/avg_pool.h"

namespace hilum {

// Calls visit(index in x, index in y, divisor) for every term of the sums in avg_pool.h.
template <class Visit>
void avg_pool_for_each_term(const AvgPoolProblem& a, Visit visit) {
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t p = 0; p < a.p(); ++p)
      for (std::size_t q = 0; q < a.q(); ++q) {
        const PoolRange rows = pool_range(p, a.stride_h, a.pad_h, a.r, a.h);
        const PoolRange columns = pool_range(q, a.stride_w, a.pad_w, a.s, a.w);
        const auto divisor = static_cast<double>(a.count(rows, columns));
        for (std::size_t h = rows.begin; h < rows.end; ++h)
          for (std::size_t w = columns.begin; w < columns.end; ++w)
            for (std::size_t c = 0; c < a.c; ++c)
              visit(((n * a.h + h) * a.w + w) * a.c + c, ((n * a.p() + p) * a.q() + q) * a.c + c,
                    divisor);
      }
}

template <class T>
void AvgPoolForward::reference(const AvgPoolProblem& a, const T* x, T* y) {
  std::fill_n(y, a.y_count(), T(0));
  avg_pool_for_each_term(a, [=](std::size_t ix, std::size_t iy, double divisor) {
    y[iy] += x[ix] / static_cast<T>(divisor);
  });
}

template <class T>
void AvgPoolBackward::reference(const AvgPoolProblem& a, const T* dy, T* dx) {
  std::fill_n(dx, a.x_count(), T(0));
  avg_pool_for_each_term(a, [=](std::size_t ix, std::size_t iy, double divisor) {
    dx[ix] += dy[iy] / static_cast<T>(divisor);
  });
}

}  // namespace hilum
