// softmax, reference: the formula of softmax.h as loops.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/softmax/softmax.h"

namespace hilum {

// One row: y = exp(x - largest) / sum. Gives the largest x and the sum, for the logarithm.
template <class T>
struct SoftmaxRow {
  T largest, sum;
};
template <class T>
SoftmaxRow<T> softmax_row(std::size_t c, const T* x, T* y) {
  using std::exp;
  const T largest = *std::max_element(x, x + c);
  T sum(0);
  for (std::size_t j = 0; j < c; ++j) sum += y[j] = exp(x[j] - largest);
  for (std::size_t j = 0; j < c; ++j) y[j] /= sum;
  return {largest, sum};
}

template <class T>
void SoftmaxForward::reference(const SoftmaxProblem& a, const T* x, T* y) {
  for (std::size_t n = 0; n < a.n; ++n) softmax_row(a.c, x + n * a.c, y + n * a.c);
}

}  // namespace hilum
