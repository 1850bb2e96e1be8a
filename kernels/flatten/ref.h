// flatten, reference: the formula of flatten.h as loops.
#pragma once

#include "kernels/flatten/flatten.h"

namespace hilum {

// Calls visit(index in x, index in y) for every element.
template <class Visit>
void flatten_for_each_element(const FlattenProblem& a, Visit visit) {
  std::size_t from = 0;
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t h = 0; h < a.h; ++h)
      for (std::size_t w = 0; w < a.w; ++w)
        for (std::size_t c = 0; c < a.c; ++c) {
          visit(from++, n * a.c * a.h * a.w + (c * a.h + h) * a.w + w);
        }
}

template <class T>
void FlattenForward::reference(const FlattenProblem& a, const T* x, T* y) {
  flatten_for_each_element(a, [=](std::size_t ix, std::size_t iy) { y[iy] = x[ix]; });
}

template <class T>
void FlattenBackward::reference(const FlattenProblem& a, const T* dy, T* dx) {
  flatten_for_each_element(a, [=](std::size_t ix, std::size_t iy) { dx[ix] = dy[iy]; });
}

}  // namespace hilum
