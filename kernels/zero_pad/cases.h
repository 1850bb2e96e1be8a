// zero_pad: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/zero_pad/zero_pad.h"

namespace hilum {

inline std::vector<Case<ZeroPadProblem>> cases(const ZeroPadProblem*) {
  return {
      {"one pixel", {1, 1, 1, 1, 1, 1, 1, 1}},
      {"nothing", {2, 7, 7, 5}},
      {"one line at the end", {2, 14, 14, 33, 0, 1, 0, 1}},
      {"asymmetric", {2, 5, 9, 7, 1, 2, 3, 4}},
      {"several threads", {3, 55, 55, 19, 2, 0, 0, 2}},
      // Layers of the networks, timed only.
      {"efficientnet_lite0 block 1", {16, 112, 112, 96, 0, 1, 0, 1}, Use::bench},
  };
}

}  // namespace hilum
