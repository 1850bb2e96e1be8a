// adaptive_avg_pool: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/adaptive_avg_pool/adaptive_avg_pool.h"
#include "kernels/case.h"

namespace hilum {

inline std::vector<Case<AdaptiveAvgPoolProblem>> cases(const AdaptiveAvgPoolProblem*) {
  return {
      {"one pixel", {1, 1, 1, 1, 1, 1}},
      {"same size", {2, 7, 7, 33, 7, 7}},
      {"halved", {2, 14, 14, 17, 7, 7}},
      {"windows overlap", {2, 10, 10, 17, 7, 7}},
      {"image smaller than windows", {2, 4, 5, 20, 7, 7}},
      {"one pixel repeated", {3, 1, 1, 6, 7, 7}},
      {"asymmetric", {1, 9, 12, 5, 4, 7}},
      {"55 to 7", {1, 55, 55, 3, 7, 7}},
      {"to one", {2, 7, 7, 16, 1, 1}},
      // Layers of the networks, timed only.
      {"vgg19 at 320", {16, 10, 10, 512, 7, 7}, Use::bench},
  };
}

}  // namespace hilum
