// avg_pool: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/avg_pool/avg_pool.h"
#include "kernels/case.h"

namespace hilum {

inline std::vector<Case<AvgPoolProblem>> cases(const AvgPoolProblem*) {
  return {
      {"one pixel", {{1, 1, 1, 1, 1, 1}}},
      {"2x2", {{2, 14, 14, 33, 2, 2, 2, 2}}},
      {"2x2 odd", {{2, 7, 9, 17, 2, 2, 2, 2}}},
      {"2x2 gray", {{3, 7, 7, 1, 2, 2, 2, 2}}},
      {"3x3 padding counts", {{2, 14, 13, 17, 3, 3, 2, 2, 1, 1}, true}},
      {"3x3 padding left out", {{2, 14, 13, 17, 3, 3, 2, 2, 1, 1}, false}},
      {"3x3 stride 1", {{1, 7, 7, 33, 3, 3, 1, 1, 1, 1}, false}},
      {"3x3 of 55", {{1, 55, 55, 3, 3, 3, 2, 2}}},
      {"asymmetric", {{2, 9, 12, 6, 2, 3, 1, 2, 0, 2}, false}},
      {"stride beyond window", {{1, 11, 14, 5, 2, 2, 3, 4}}},
      {"whole image", {{3, 7, 7, 20, 7, 7, 7, 7}}},
      {"window wider than image", {{1, 2, 2, 4, 4, 4, 2, 2, 2, 2}, true}},
      // Layers of the networks, timed only.
      {"densenet transition 1", {{16, 56, 56, 128, 2, 2, 2, 2}}, Use::bench},
      {"densenet transition 3", {{16, 14, 14, 512, 2, 2, 2, 2}}, Use::bench},
  };
}

}  // namespace hilum
