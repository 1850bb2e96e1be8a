// sigmoid: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/sigmoid/sigmoid.h"

namespace hilum {

inline std::vector<Case<SigmoidProblem>> cases(const SigmoidProblem*) {
  return {
      {"one", {1}},
      {"odd", {1003}},
      {"several threads", {40007}},
      {"cnn 1", {32 * 128 * 128 * 32}, Use::bench},
  };
}

}  // namespace hilum
