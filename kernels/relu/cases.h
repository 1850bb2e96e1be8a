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
      {"cnn 1", {32 * 128 * 128 * 32}, Use::bench},
  };
}

}  // namespace hilum
