// relu6, reference: the formula of relu6.h as loops.
#pragma once

#include "kernels/relu6/relu6.h"

namespace hilum {

template <class T>
void Relu6Forward::reference(const Relu6Problem& a, const T* x, T* y) {
  for (std::size_t i = 0; i < a.count; ++i) {
    y[i] = x[i] <= T(0) ? T(0) : x[i] >= T(6) ? T(6) : x[i];
  }
}

template <class T>
void Relu6Backward::reference(const Relu6Problem& a, const T* y, const T* dy, T* dx) {
  for (std::size_t i = 0; i < a.count; ++i) {
    dx[i] = y[i] > T(0) && y[i] < T(6) ? dy[i] : T(0);
  }
}

}  // namespace hilum
