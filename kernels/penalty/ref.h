// penalty, reference: the formula of penalty.h as loops.
#pragma once

#include <cmath>

#include "kernels/penalty/penalty.h"

namespace hilum {

template <class T>
void PenaltyForward::reference(const PenaltyProblem& a, const T* w, T* loss) {
  using std::abs;
  T sum_abs(0), sum_square(0);
  for (std::size_t i = 0; i < a.count; ++i) {
    sum_abs += abs(w[i]);
    sum_square += w[i] * w[i];
  }
  *loss = T(a.l1) * sum_abs + T(a.l2) * sum_square;
}

template <class T>
void PenaltyBackward::reference(const PenaltyProblem& a, const T* w, const T* dloss, T* dw) {
  for (std::size_t i = 0; i < a.count; ++i) {
    const T sign = w[i] > T(0) ? T(1) : w[i] < T(0) ? T(-1) : T(0);
    dw[i] = *dloss * (T(a.l1) * sign + T(2) * T(a.l2) * w[i]);
  }
}

}  // namespace hilum
