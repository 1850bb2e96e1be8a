// global_avg_pool, reference: the formulas of global_avg_pool.h as loops.
#pragma once

#include <algorithm>

#include "kernels/global_avg_pool/global_avg_pool.h"

namespace hilum {

template <class T>
void GlobalAvgPoolForward::reference(const GlobalAvgPoolProblem& a, const T* x, T* y) {
  const std::size_t pixels = a.h * a.w;
  std::fill_n(y, a.y_count(), T(0));
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t i = 0; i < pixels; ++i)
      for (std::size_t c = 0; c < a.c; ++c)
        y[n * a.c + c] +=
            x[(n * pixels + i) * a.c + c] / static_cast<T>(static_cast<double>(pixels));
}

template <class T>
void GlobalAvgPoolBackward::reference(const GlobalAvgPoolProblem& a, const T* dy, T* dx) {
  const std::size_t pixels = a.h * a.w;
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t i = 0; i < pixels; ++i)
      for (std::size_t c = 0; c < a.c; ++c)
        dx[(n * pixels + i) * a.c + c] =
            dy[n * a.c + c] / static_cast<T>(static_cast<double>(pixels));
}

}  // namespace hilum
