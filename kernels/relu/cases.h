// relu: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/relu/relu.h"

namespace hilum {

inline std::vector<Case<ReluProblem>> cases(const ReluProblem*) {
  return {
      {"one", {1}},
      {"odd", {1003}},
      {"7x7x5x3", {735}},
      {"several threads", {40007}},
      {"one, clipped", {1, 6}},
      {"odd, clipped", {1003, 6}},
      {"several threads, clipped", {40007, 6}},
      {"cnn 1", {32 * 128 * 128 * 32}, Use::bench},
      {"efficientnet_lite0 1", {32 * 112 * 112 * 32, 6}, Use::bench},
  };
}

}  // namespace hilum
