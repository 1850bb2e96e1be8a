// affine_warp: one image's share of the operands, for the CPU rows.
#pragma once

#include "kernels/affine_warp/affine_warp.h"

namespace hilum {

// One image's share of the operands.
struct WarpImage {
  const std::uint8_t* x;  // [h,w,c]
  const float* matrix;    // [6]
  float gain;
  const float *scale, *shift;  // [c]
  float* y;                    // [out_h,out_w,c]
};

inline WarpImage warp_image(const AffineWarpProblem& a, std::size_t n, const std::uint8_t* x,
                            const float* matrix, const float* gain, const float* scale,
                            const float* shift, float* y) {
  return {x + n * a.h * a.w * a.c,        matrix + 6 * n, gain[n], scale, shift,
          y + n * a.out_h * a.out_w * a.c};
}

inline bool is_identity(const AffineWarpProblem& a, const float* m) {
  return m[0] == 1 && m[1] == 0 && m[2] == 0 && m[3] == 0 && m[4] == 1 && m[5] == 0 &&
         a.out_h == a.h && a.out_w == a.w;
}

}  // namespace hilum
