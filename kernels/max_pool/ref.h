// max_pool, reference: the formula of max_pool.h as loops.
#pragma once

#include <algorithm>

#include "kernels/max_pool/max_pool.h"

namespace hilum {

// Calls visit(index in x of the maximum, index in y) for every window and channel.
template <class T, class Visit>
void max_pool_for_each_maximum(const MaxPoolProblem& a, const T* x, Visit visit) {
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t p = 0; p < a.p(); ++p)
      for (std::size_t q = 0; q < a.q(); ++q)
        for (std::size_t c = 0; c < a.c; ++c) {
          const PoolRange rows = pool_range(p, a.stride_h, a.pad_h, a.r, a.h);
          const PoolRange columns = pool_range(q, a.stride_w, a.pad_w, a.s, a.w);
          std::size_t best = ((n * a.h + rows.begin) * a.w + columns.begin) * a.c + c;
          for (std::size_t h = rows.begin; h < rows.end; ++h)
            for (std::size_t w = columns.begin; w < columns.end; ++w) {
              const std::size_t i = ((n * a.h + h) * a.w + w) * a.c + c;
              if (x[i] > x[best] || x[i] != x[i]) best = i;
            }
          visit(best, ((n * a.p() + p) * a.q() + q) * a.c + c);
        }
}

template <class T>
void MaxPoolForward::reference(const MaxPoolProblem& a, const T* x, T* y) {
  max_pool_for_each_maximum(a, x, [=](std::size_t ix, std::size_t iy) { y[iy] = x[ix]; });
}

template <class T>
void MaxPoolBackward::reference(const MaxPoolProblem& a, const T* x, const T* dy, T* dx) {
  std::fill_n(dx, a.x_count(), T(0));
  max_pool_for_each_maximum(a, x, [=](std::size_t ix, std::size_t iy) { dx[ix] += dy[iy]; });
}

}  // namespace hilum
