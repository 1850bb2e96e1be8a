// relu_max_pool: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/relu_max_pool/relu_max_pool.h"

namespace hilum {

inline std::vector<Case<ReluMaxPoolProblem>> cases(const ReluMaxPoolProblem*) {
  return {
      {"one pixel", {{1, 1, 1, 1, 1, 1}}},
      {"2x2", {{2, 14, 14, 33, 2, 2, 2, 2}}},
      {"2x2 odd", {{2, 7, 9, 17, 2, 2, 2, 2}}},
      {"3x3 overlapping", {{2, 14, 13, 17, 3, 3, 2, 2, 1, 1}}},
      {"3x3 stride 1", {{1, 7, 7, 33, 3, 3, 1, 1, 1, 1}}},
      {"asymmetric", {{2, 9, 12, 6, 2, 3, 1, 2, 0, 2}}},
      {"stride beyond window", {{1, 11, 14, 5, 2, 2, 3, 4}}},
      {"3x3 ceiling", {{2, 12, 14, 17, 3, 3, 2, 2, 0, 0, true}}},
      // Layers of the networks, timed only.
      {"cnn 1", {{32, 128, 128, 32, 2, 2, 2, 2}}, Use::bench},
      {"vgg19 1", {{8, 224, 224, 64, 2, 2, 2, 2}}, Use::bench},
      {"vgg19 5", {{16, 14, 14, 512, 2, 2, 2, 2}}, Use::bench},
  };
}

}  // namespace hilum
