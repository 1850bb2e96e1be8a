// affine_warp, reference: the formulas of affine_warp.h, one output pixel at a time.
#pragma once

#include <cmath>

#include "kernels/affine_warp/affine_warp.h"

namespace hilum {

// A comparison that is false for what is not a number picks b.
template <class T>
T warp_max(T a, T b) {
  return a > b ? a : b;
}
template <class T>
T warp_min(T a, T b) {
  return a < b ? a : b;
}

// Two neighbouring pixels of an axis and the weight of the second.
template <class T>
struct WarpPlace {
  std::size_t first, second;
  bool first_inside = true, second_inside = true;
  T fraction;
};

template <class T>
WarpPlace<T> warp_place(T u, std::size_t size, WarpBorder border) {
  const auto floor = [](T v) { return std::floor(static_cast<double>(v)); };
  const T length(static_cast<double>(size));
  if (border == WarpBorder::constant) {
    const T s = warp_min(warp_max(u - T(0.5), T(-1)), length);
    const double i = floor(s);
    // Pixel -1 becomes a huge number, which is not inside either.
    const auto first = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(i));
    return {first, first + 1, first < size, first + 1 < size, s - T(i)};
  }
  if (border == WarpBorder::reflect) {
    const T limit(0x1p30);
    const T turns = warp_min(warp_max(u / (length + length), -limit), limit);
    u = u - (length + length) * T(floor(turns));
    u = warp_min(u, length + length - u);
  }
  const T s = warp_min(warp_max(u - T(0.5), T(0)), length - T(1));
  const double i = floor(s);
  const auto first = static_cast<std::size_t>(i);
  return {first, first + 1 < size ? first + 1 : first, true, true, s - T(i)};
}

// One output pixel: x is the image, matrix and gain are its own, y gets c values.
template <class T>
void affine_warp_pixel(const AffineWarpProblem& a, const std::uint8_t* x, const T* matrix, T gain,
                       const T* scale, const T* shift, std::size_t oy, std::size_t ox, T* y) {
  const T column = T(static_cast<double>(ox) + 0.5), row = T(static_cast<double>(oy) + 0.5);
  const T u = matrix[0] * column + (matrix[1] * row + matrix[2]);
  const T v = matrix[3] * column + (matrix[4] * row + matrix[5]);
  const WarpPlace<T> across = warp_place(u, a.w, a.border), down = warp_place(v, a.h, a.border);
  const auto pixel = [&](std::size_t j, std::size_t i, bool inside, std::size_t channel) {
    return inside ? T(static_cast<double>(x[(j * a.w + i) * a.c + channel])) : T(double{a.value});
  };
  for (std::size_t k = 0; k < a.c; ++k) {
    const T p00 = pixel(down.first, across.first, down.first_inside && across.first_inside, k);
    const T p01 = pixel(down.first, across.second, down.first_inside && across.second_inside, k);
    const T p10 = pixel(down.second, across.first, down.second_inside && across.first_inside, k);
    const T p11 = pixel(down.second, across.second, down.second_inside && across.second_inside, k);
    const T top = p00 + across.fraction * (p01 - p00);
    const T bottom = p10 + across.fraction * (p11 - p10);
    const T sample = top + down.fraction * (bottom - top);
    y[k] = warp_min(warp_max(gain * sample, T(0)), T(255)) * scale[k] + shift[k];
  }
}

template <class T>
void AffineWarpForward::reference(const AffineWarpProblem& a, const std::uint8_t* x,
                                  const T* matrix, const T* gain, const T* scale, const T* shift,
                                  T* y) {
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t oy = 0; oy < a.out_h; ++oy)
      for (std::size_t ox = 0; ox < a.out_w; ++ox) {
        affine_warp_pixel(a, x + n * a.h * a.w * a.c, matrix + 6 * n, gain[n], scale, shift, oy, ox,
                          y + ((n * a.out_h + oy) * a.out_w + ox) * a.c);
      }
}

}  // namespace hilum
