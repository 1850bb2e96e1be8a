// penalty: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/penalty/penalty.h"

namespace hilum {

inline std::vector<Case<PenaltyProblem>> cases(const PenaltyProblem*) {
  return {
      {"one", {1, 0.5f, 0.25f}},
      {"l1", {1003, 0.001f, 0}},
      {"l2", {1003, 0, 0.001f}},
      {"l1l2", {735, 0.001f, 0.001f}},
      {"several chunks", {40007, 0.001f, 0.001f}},
      {"vgg 3x3", {512 * 3 * 3 * 512, 0.001f, 0.001f}, Use::bench},
  };
}

}  // namespace hilum
