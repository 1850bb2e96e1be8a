// dense, reference: the formulas of dense.h as loops.
#pragma once

#include <algorithm>

#include "kernels/dense/dense.h"

namespace hilum {

template <class T>
void DenseForward::reference(const DenseProblem& a, const T* x, const T* w, T* y) {
  std::fill_n(y, a.y_count(), T(0));
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t o = 0; o < a.o; ++o)
      for (std::size_t i = 0; i < a.i; ++i) y[n * a.o + o] += x[n * a.i + i] * w[o * a.i + i];
}

template <class T>
void DenseBackwardData::reference(const DenseProblem& a, const T* w, const T* dy, T* dx) {
  std::fill_n(dx, a.x_count(), T(0));
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t o = 0; o < a.o; ++o)
      for (std::size_t i = 0; i < a.i; ++i) dx[n * a.i + i] += dy[n * a.o + o] * w[o * a.i + i];
}

template <class T>
void DenseBackwardWeight::reference(const DenseProblem& a, const T* x, const T* dy, T* dw) {
  std::fill_n(dw, a.w_count(), T(0));
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t o = 0; o < a.o; ++o)
      for (std::size_t i = 0; i < a.i; ++i) dw[o * a.i + i] += dy[n * a.o + o] * x[n * a.i + i];
}

}  // namespace hilum
