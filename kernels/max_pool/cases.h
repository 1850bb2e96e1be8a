// max_pool: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/max_pool/max_pool.h"

namespace hilum {

inline std::vector<Case<MaxPoolProblem>> cases(const MaxPoolProblem*) {
  return {
      {"one pixel", {{1, 1, 1, 1, 1, 1}}},
      {"2x2", {{2, 14, 14, 33, 2, 2, 2, 2}}},
      {"2x2 odd", {{2, 7, 9, 17, 2, 2, 2, 2}}},
      {"2x2 gray", {{3, 7, 7, 1, 2, 2, 2, 2}}},
      {"2x2 of 55", {{1, 55, 55, 3, 2, 2, 2, 2}}},
      {"3x3 overlapping", {{2, 14, 13, 17, 3, 3, 2, 2, 1, 1}}},
      {"3x3 stride 1", {{1, 7, 7, 33, 3, 3, 1, 1, 1, 1}}},
      {"3x3 valid", {{2, 55, 9, 16, 3, 3, 2, 2}}},
      {"asymmetric", {{2, 9, 12, 6, 2, 3, 1, 2, 0, 2}}},
      {"stride beyond window", {{1, 11, 14, 5, 2, 2, 3, 4}}},
      {"whole image", {{3, 7, 7, 20, 7, 7, 7, 7}}},
      {"window wider than image", {{1, 2, 2, 4, 4, 4, 2, 2, 2, 2}}},
      {"3x3 ceiling", {{2, 12, 14, 17, 3, 3, 2, 2, 0, 0, true}}},
      {"2x2 ceiling", {{2, 7, 9, 5, 2, 2, 2, 2, 0, 0, true}}},
      {"ceiling leaves out a window of padding", {{1, 5, 6, 3, 2, 2, 2, 2, 1, 1, true}}},
      {"ceiling, stride beyond window", {{1, 8, 9, 4, 2, 2, 4, 3, 0, 0, true}}},
      // Layers of the networks, timed only.
      {"cnn 1", {{32, 128, 128, 32, 2, 2, 2, 2}}, Use::bench},
      {"cnn 2", {{32, 64, 64, 64, 2, 2, 2, 2}}, Use::bench},
      {"cnn 3", {{32, 32, 32, 128, 2, 2, 2, 2}}, Use::bench},
      {"resnet stem", {{16, 112, 112, 64, 3, 3, 2, 2, 1, 1}}, Use::bench},
      {"vgg19 5", {{16, 14, 14, 512, 2, 2, 2, 2}}, Use::bench},
  };
}

}  // namespace hilum
