// concat, reference: the formula of concat.h as loops.
#pragma once

#include "kernels/concat/concat.h"

namespace hilum {

template <class T>
void ConcatForward::reference(const ConcatProblem& problem, const T* a, const T* b, const T* c,
                              const T* d, T* y) {
  const T* parts[4] = {a, b, c, d};
  for (std::size_t row = 0; row < problem.rows; ++row)
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < problem.channels[i]; ++j)
        *y++ = parts[i][row * problem.channels[i] + j];
}

template <class T>
void ConcatBackward::reference(const ConcatProblem& problem, const T* dy, T* da, T* db, T* dc,
                               T* dd) {
  T* parts[4] = {da, db, dc, dd};
  for (std::size_t row = 0; row < problem.rows; ++row)
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < problem.channels[i]; ++j)
        parts[i][row * problem.channels[i] + j] = *dy++;
}

}  // namespace hilum
