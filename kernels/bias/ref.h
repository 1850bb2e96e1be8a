// bias, reference: the formula of bias.h as loops.
#pragma once

#include <algorithm>

#include "kernels/bias/bias.h"

namespace hilum {

template <class T>
void BiasForward::reference(const BiasProblem& a, const T* x, const T* b, T* y) {
  for (std::size_t i = 0; i < a.count(); ++i) y[i] = x[i] + b[i % a.c];
}

template <class T>
void BiasBackward::reference(const BiasProblem& a, const T* dy, T* db) {
  std::fill_n(db, a.c, T(0));
  for (std::size_t i = 0; i < a.count(); ++i) db[i % a.c] += dy[i];
}

}  // namespace hilum
