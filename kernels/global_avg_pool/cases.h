// global_avg_pool: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/global_avg_pool/global_avg_pool.h"

namespace hilum {

inline std::vector<Case<GlobalAvgPoolProblem>> cases(const GlobalAvgPoolProblem*) {
  return {
      {"one pixel", {1, 1, 1, 1}},
      {"7x7", {3, 7, 7, 130}},
      {"7x7 odd", {2, 7, 7, 17}},
      {"14x14", {2, 14, 14, 33}},
      {"55x55", {2, 55, 55, 3}},
      {"one channel", {5, 9, 4, 1}},
      // Layers of the networks, timed only.
      {"resnet50 end", {16, 7, 7, 2048}, Use::bench},
      {"densenet121 end", {16, 7, 7, 1024}, Use::bench},
      {"squeezenet end", {16, 13, 13, 1000}, Use::bench},
  };
}

}  // namespace hilum
