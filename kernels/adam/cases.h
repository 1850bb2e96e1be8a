// adam: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/adam/adam.h"
#include "kernels/case.h"

namespace hilum {

inline std::vector<Case<AdamProblem>> cases(const AdamProblem*) {
  return {
      {"first step", {1003, 0.001, 1}},
      {"later step", {19, 0.01, 1000}},
      {"l2", {735, 0.01, 3, 0.9, 0.999, 1e-8, 0.05, false}},
      {"decoupled", {735, 0.01, 3, 0.9, 0.999, 1e-8, 0.05, true}},
      {"large epsilon", {101, 0.01, 2, 0.8, 0.95, 0.1}},
      {"several threads", {40007, 0.001, 10}},
      {"vgg 3x3", {512 * 3 * 3 * 512, 0.001, 10}, Use::bench},
  };
}

}  // namespace hilum
