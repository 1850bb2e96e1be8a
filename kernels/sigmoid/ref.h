// sigmoid, reference: the formula of sigmoid.h as loops.
#pragma once

#include <cmath>

#include "kernels/sigmoid/sigmoid.h"

namespace hilum {

template <class T>
void SigmoidForward::reference(const SigmoidProblem& a, const T* x, T* y) {
  using std::exp;
  for (std::size_t i = 0; i < a.count; ++i) y[i] = T(1) / (T(1) + exp(-x[i]));
}

template <class T>
void SigmoidBackward::reference(const SigmoidProblem& a, const T* y, const T* dy, T* dx) {
  for (std::size_t i = 0; i < a.count; ++i) dx[i] = dy[i] * y[i] * (T(1) - y[i]);
}

}  // namespace hilum
