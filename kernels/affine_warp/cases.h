// affine_warp: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/affine_warp/affine_warp.h"
#include "kernels/case.h"

namespace hilum {

inline std::vector<Case<AffineWarpProblem>> cases(const AffineWarpProblem*) {
  using enum WarpBorder;
  return {
      {"one pixel", {1, 1, 1, 1, 1, 1}},
      {"one pixel to many", {2, 1, 1, 3, 5, 17, reflect}},
      {"gray", {2, 13, 21, 1, 13, 21}},
      {"rgb", {3, 19, 17, 3, 19, 17}},
      {"rgb reflect", {3, 19, 17, 3, 19, 17, reflect}},
      {"rgb constant", {3, 19, 17, 3, 19, 17, constant, 128}},
      {"gray constant", {2, 9, 33, 1, 9, 33, constant, -7.5f}},
      {"two channels", {1, 11, 10, 2, 7, 35, reflect}},
      {"rgba larger", {2, 9, 14, 4, 23, 37}},
      {"five channels", {1, 12, 9, 5, 14, 18, constant, 3}},
      {"smaller", {2, 55, 49, 3, 14, 16}},
      {"wide", {1, 7, 300, 3, 5, 531}},
      {"wide gray reflect", {1, 6, 280, 1, 3, 270, reflect}},
      {"eight bytes", {2, 2, 4, 1, 9, 9, constant, 50}},
      {"outside", {2, 5, 4, 3, 33, 40, constant, 9}},
      {"far outside", {2, 3, 5, 1, 50, 60, reflect}},
      {"cnn", {32, 128, 128, 3, 128, 128}, Use::bench},
      {"imagenet", {16, 224, 224, 3, 224, 224}, Use::bench},
      {"imagenet reflect", {16, 224, 224, 3, 224, 224, reflect}, Use::bench},
      {"imagenet constant", {16, 224, 224, 3, 224, 224, constant}, Use::bench},
      {"gray 200", {16, 200, 200, 1, 200, 200}, Use::bench},
  };
}

}  // namespace hilum
