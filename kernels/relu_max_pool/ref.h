// relu_max_pool, reference: the formulas of relu_max_pool.h as loops.
#pragma once

#include <algorithm>

#include "kernels/relu_max_pool/relu_max_pool.h"

namespace hilum {

template <class T>
void ReluMaxPoolForward::reference(const ReluMaxPoolProblem& a, const T* x, T* y,
                                   std::uint8_t* index) {
  std::size_t out = 0;
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t p = 0; p < a.p(); ++p)
      for (std::size_t q = 0; q < a.q(); ++q)
        for (std::size_t c = 0; c < a.c; ++c, ++out) {
          const PoolRange rows = pool_range(p, a.stride_h, a.pad_h, a.r, a.h);
          const PoolRange columns = pool_range(q, a.stride_w, a.pad_w, a.s, a.w);
          T best = T(0);
          std::size_t place = a.none();
          for (std::size_t h = rows.begin; h < rows.end; ++h)
            for (std::size_t w = columns.begin; w < columns.end; ++w) {
              const T value = x[((n * a.h + h) * a.w + w) * a.c + c];
              if (!(value > best) && !(value != value)) continue;
              best = value;
              const std::size_t r = h + a.pad_h - p * a.stride_h, s = w + a.pad_w - q * a.stride_w;
              place = r * a.s + s;
            }
          y[out] = best;
          index[out] = static_cast<std::uint8_t>(place);
        }
}

template <class T>
void ReluMaxPoolBackward::reference(const ReluMaxPoolProblem& a, const std::uint8_t* index,
                                    const T* dy, T* dx) {
  std::fill_n(dx, a.x_count(), T(0));
  std::size_t out = 0;
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t p = 0; p < a.p(); ++p)
      for (std::size_t q = 0; q < a.q(); ++q)
        for (std::size_t c = 0; c < a.c; ++c, ++out) {
          const std::size_t h = p * a.stride_h + index[out] / a.s - a.pad_h;  // wraps where outside
          const std::size_t w = q * a.stride_w + index[out] % a.s - a.pad_w;
          if (index[out] == a.none() || h >= a.h || w >= a.w) continue;
          dx[((n * a.h + h) * a.w + w) * a.c + c] += dy[out];
        }
}

}  // namespace hilum
