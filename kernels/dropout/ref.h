// dropout, reference: the formula of dropout.h as a loop; both passes are the same function.
#pragma once

#include "kernels/dropout/dropout.h"
#include "kernels/philox.h"

namespace hilum {

template <class T>
void DropoutForward::reference(const DropoutProblem& a, const T* x, T* y) {
  const Philox random{a.seed};
  for (std::size_t i = 0; i < a.count; ++i) {
    const bool keep = random.word(a.offset + i) >> 8 >= a.threshold();
    y[i] = keep ? x[i] * T(a.scale()) : T(0);
  }
}

template <class T>
void DropoutBackward::reference(const DropoutProblem& a, const T* dy, T* dx) {
  DropoutForward::reference(a, dy, dx);
}

}  // namespace hilum
