// affine_warp: all geometry of an augmentation (rotation, shift, shear, zoom, flip) and resizing in
// one sampling of 8-bit images, then brightness and normalisation, giving the floats a network
// eats.
//
// Coordinates are edge coordinates: the image spans [0, W] x [0, H] and the centre of pixel (i, j),
// column i and row j, is (i + 0.5, j + 0.5). The matrix of an image, m[0..5], leads from output to
// input. For output pixel (ox, oy), with X = ox + 0.5 and Y = oy + 0.5:
//
//   u = m0 X + (m1 Y + m2)          v = m3 X + (m4 Y + m5)             where to look in the input
//
// Along an axis of `size` pixels, u becomes a place s, its pixel and the next, and a fraction:
//
//   nearest   s = u - 0.5, held in [0, size - 1]: the border pixel goes on for ever
//   reflect   u is folded into [0, size] by t = u - 2 size floor(u / (2 size)), min(t, 2 size - t);
//             then as nearest: … c b a | a b c d | d c b …
//   constant  s = u - 0.5, held in [-1, size]; pixels outside of the image have the value `value`
//   i = floor(s), f = s - i; pixels i and i + 1 (for the first two, the last pixel at most)
//
// With a, b the upper two pixels and c, d the lower two, each channel is
//
//   top = a + fx (b - a)   bottom = c + fx (d - c)   sample = top + fy (bottom - top)
//   y   = min(max(gain sample, 0), 255) scale[channel] + shift[channel]
//
// Order of operations: each float product, sum and quotient above is rounded by itself, in the
// order written, and never fused. So every row gives the same bits, on any instruction set and
// device; the tests ask for that. The identity matrix with equal sizes gives back each pixel
// exactly. Quotients beyond +-2^30 (reflect) are held there; what is not a number is read as pixel
// 0.
#pragma once

#include "kernels/row.h"

namespace hilum {

enum class WarpBorder { nearest, reflect, constant };
const char* warp_border_name(WarpBorder border);

struct AffineWarpProblem {
  std::size_t n, h, w, c;    // images in: [n,h,w,c], 8 bits a channel
  std::size_t out_h, out_w;  // images out: [n,out_h,out_w,c], floats
  WarpBorder border = WarpBorder::nearest;
  float value = 0;  // of pixels outside, where the border is constant; on the scale of the input

  std::size_t x_count() const { return n * h * w * c; }
  std::size_t y_count() const { return n * out_h * out_w * c; }
  std::string describe() const;
};

// Throws a usage error where a size is zero or beyond 2^22 pixels a side (coordinates are floats),
// or the value is not finite.
void check(const AffineWarpProblem& problem);

struct AffineWarpForward {
  using Problem = AffineWarpProblem;
  // x [n,h,w,c], matrix [n,6], gain [n], scale [c], shift [c] -> y [n,out_h,out_w,c]
  using Function = void (*)(const Launch&, const Problem&, const std::uint8_t* x,
                            const float* matrix, const float* gain, const float* scale,
                            const float* shift, float* y);
  static constexpr const char* op = "affine_warp";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<AffineWarpForward>& table();
  template <class T>
  static void reference(const Problem&, const std::uint8_t* x, const T* matrix, const T* gain,
                        const T* scale, const T* shift, T* y);
};

}  // namespace hilum
