// adaptive_avg_pool, reference: the formulas of adaptive_avg_pool.h as loops.
#pragma once

#include <algorithm>

#include "kernels/adaptive_avg_pool/adaptive_avg_pool.h"

namespace hilum {

// Calls visit(index in x, index in y, pixels in the window) for every term of the sums.
template <class Visit>
void adaptive_avg_pool_for_each_term(const AdaptiveAvgPoolProblem& a, Visit visit) {
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t p = 0; p < a.p; ++p)
      for (std::size_t q = 0; q < a.q; ++q) {
        const PoolRange rows = adaptive_range(p, a.h, a.p), columns = adaptive_range(q, a.w, a.q);
        const auto pixels =
            static_cast<double>((rows.end - rows.begin) * (columns.end - columns.begin));
        for (std::size_t h = rows.begin; h < rows.end; ++h)
          for (std::size_t w = columns.begin; w < columns.end; ++w)
            for (std::size_t c = 0; c < a.c; ++c)
              visit(((n * a.h + h) * a.w + w) * a.c + c, ((n * a.p + p) * a.q + q) * a.c + c,
                    pixels);
      }
}

template <class T>
void AdaptiveAvgPoolForward::reference(const AdaptiveAvgPoolProblem& a, const T* x, T* y) {
  std::fill_n(y, a.y_count(), T(0));
  adaptive_avg_pool_for_each_term(a, [=](std::size_t ix, std::size_t iy, double pixels) {
    y[iy] += x[ix] / static_cast<T>(pixels);
  });
}

template <class T>
void AdaptiveAvgPoolBackward::reference(const AdaptiveAvgPoolProblem& a, const T* dy, T* dx) {
  std::fill_n(dx, a.x_count(), T(0));
  adaptive_avg_pool_for_each_term(a, [=](std::size_t ix, std::size_t iy, double pixels) {
    dx[ix] += dy[iy] / static_cast<T>(pixels);
  });
}

}  // namespace hilum
