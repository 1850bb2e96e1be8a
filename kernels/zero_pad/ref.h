// zero_pad, reference: the formula of zero_pad.h as loops.
#pragma once

#include <algorithm>

#include "kernels/zero_pad/zero_pad.h"

namespace hilum {

// Calls visit(index in x, index in y) for every value of the image.
template <class Visit>
void zero_pad_for_each_value(const ZeroPadProblem& a, Visit visit) {
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t h = 0; h < a.h; ++h)
      for (std::size_t w = 0; w < a.w; ++w)
        for (std::size_t c = 0; c < a.c; ++c)
          visit(((n * a.h + h) * a.w + w) * a.c + c,
                ((n * a.p() + a.top + h) * a.q() + a.left + w) * a.c + c);
}

template <class T>
void ZeroPadForward::reference(const ZeroPadProblem& a, const T* x, T* y) {
  std::fill_n(y, a.y_count(), T(0));
  zero_pad_for_each_value(a, [=](std::size_t ix, std::size_t iy) { y[iy] = x[ix]; });
}

template <class T>
void ZeroPadBackward::reference(const ZeroPadProblem& a, const T* dy, T* dx) {
  zero_pad_for_each_value(a, [=](std::size_t ix, std::size_t iy) { dx[ix] = dy[iy]; });
}

}  // namespace hilum
