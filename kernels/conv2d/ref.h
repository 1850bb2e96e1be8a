// conv2d, reference: the formula of conv2d.h as loops. In double it is the oracle of every test; in
// float it is the row `ref`. All three passes visit the same (output pixel, tap, channel) triples.
#pragma once

#include <algorithm>

#include "kernels/conv2d/conv2d.h"

namespace hilum {

// Calls visit(x index, w index, y index) for every product of the sum in conv2d.h. Unsigned
// arithmetic: a row above the image wraps to a huge number and fails the comparison with H.
template <class Visit>
void conv2d_for_each_product(const Conv2dProblem& a, Visit visit) {
  const std::size_t group_c = a.c / a.groups, group_k = a.k / a.groups;
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t p = 0; p < a.p(); ++p)
      for (std::size_t q = 0; q < a.q(); ++q)
        for (std::size_t k = 0; k < a.k; ++k)
          for (std::size_t r = 0; r < a.r; ++r)
            for (std::size_t s = 0; s < a.s; ++s) {
              const std::size_t h = p * a.stride_h + r * a.dilation_h - a.pad_h;
              const std::size_t w = q * a.stride_w + s * a.dilation_w - a.pad_w;
              if (h >= a.h || w >= a.w) continue;
              const std::size_t x0 = ((n * a.h + h) * a.w + w) * a.c + k / group_k * group_c;
              const std::size_t w0 = ((k * a.r + r) * a.s + s) * group_c;
              const std::size_t y0 = ((n * a.p() + p) * a.q() + q) * a.k + k;
              for (std::size_t c = 0; c < group_c; ++c) visit(x0 + c, w0 + c, y0);
            }
}

template <class T>
void Conv2dForward::reference(const Conv2dProblem& a, const T* x, const T* w, T* y) {
  std::fill_n(y, a.y_count(), T(0));
  conv2d_for_each_product(
      a, [=](std::size_t ix, std::size_t iw, std::size_t iy) { y[iy] += x[ix] * w[iw]; });
}

template <class T>
void Conv2dBackwardData::reference(const Conv2dProblem& a, const T* w, const T* dy, T* dx) {
  std::fill_n(dx, a.x_count(), T(0));
  conv2d_for_each_product(
      a, [=](std::size_t ix, std::size_t iw, std::size_t iy) { dx[ix] += dy[iy] * w[iw]; });
}

template <class T>
void Conv2dBackwardWeight::reference(const Conv2dProblem& a, const T* x, const T* dy, T* dw) {
  std::fill_n(dw, a.w_count(), T(0));
  conv2d_for_each_product(
      a, [=](std::size_t ix, std::size_t iw, std::size_t iy) { dw[iw] += dy[iy] * x[ix]; });
}

}  // namespace hilum
