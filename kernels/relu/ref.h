// relu, reference: the formula of relu.h as loops.
#pragma once

#include "kernels/relu/relu.h"

namespace hilum {

template <class T>
void ReluForward::reference(const ReluProblem& a, const T* x, T* y) {
  for (std::size_t i = 0; i < a.count; ++i)
    y[i] = x[i] <= T(0) ? T(0) : x[i] >= T(a.ceiling) ? T(a.ceiling) : x[i];
}

template <class T>
void ReluBackward::reference(const ReluProblem& a, const T* y, const T* dy, T* dx) {
  for (std::size_t i = 0; i < a.count; ++i)
    dx[i] = y[i] > T(0) && y[i] < T(a.ceiling) ? dy[i] : T(0);
}

}  // namespace hilum
