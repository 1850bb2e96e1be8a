// add, reference: the formula of add.h as a loop.
#pragma once

#include "kernels/add/add.h"

namespace hilum {

template <class T>
void AddForward::reference(const AddProblem& problem, const T* a, const T* b, T* y) {
  for (std::size_t i = 0; i < problem.count; ++i) y[i] = a[i] + b[i];
}

}  // namespace hilum
