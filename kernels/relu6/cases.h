// relu6: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/relu6/relu6.h"

namespace hilum {

inline std::vector<Case<Relu6Problem>> cases(const Relu6Problem*) {
  return {
      {"one", {1}},
      {"odd", {1003}},
      {"7x7x5x3", {735}},
      {"several threads", {40007}},
      {"efficientnet_lite0 1", {32 * 112 * 112 * 32}, Use::bench},
  };
}

}  // namespace hilum
