// softmax: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/softmax/softmax.h"

namespace hilum {

inline std::vector<Case<SoftmaxProblem>> cases(const SoftmaxProblem*) {
  return {
      {"one class", {3, 1}},
      {"2 classes", {7, 2}},
      {"3 classes", {33, 3}},
      {"16 classes", {5, 16}},
      {"1003 classes", {2, 1003}},
      {"several threads", {1003, 37}},
      {"imagenet", {64, 1000}, Use::bench},
  };
}

}  // namespace hilum
