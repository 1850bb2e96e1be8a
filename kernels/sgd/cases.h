// sgd: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/sgd/sgd.h"

namespace hilum {

inline std::vector<Case<SgdProblem>> cases(const SgdProblem*) {
  return {
      {"plain", {1003, 0.1}},
      {"weight decay", {19, 0.1, 0, false, 0.01}},
      {"momentum", {1003, 0.1, 0.9, false, 0.01}},
      {"nesterov", {735, 0.1, 0.9, true, 0.01}},
      {"several threads", {40007, 0.1, 0.9}},
      {"vgg 3x3", {512 * 3 * 3 * 512, 0.1, 0.9, false, 1e-4}, Use::bench},
  };
}

}  // namespace hilum
