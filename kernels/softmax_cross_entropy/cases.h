// softmax_cross_entropy: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/softmax_cross_entropy/softmax_cross_entropy.h"

namespace hilum {

inline std::vector<Case<SoftmaxCrossEntropyProblem>> cases(const SoftmaxCrossEntropyProblem*) {
  return {
      {"one sample", {1, 2}},
      {"3 classes", {33, 3}},
      {"weighted", {17, 5, 0, true}},
      {"smoothed", {9, 16, 0.1f, false}},
      {"weighted and smoothed", {21, 19, 0.1f, true}},
      {"1003 classes", {3, 1003, 0.05f, true}},
      {"several threads", {1003, 37}},
      {"imagenet", {64, 1000, 0.1f, false}, Use::bench},
  };
}

}  // namespace hilum
