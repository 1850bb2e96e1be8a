// bias: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/bias/bias.h"
#include "kernels/case.h"

namespace hilum {

inline std::vector<Case<BiasProblem>> cases(const BiasProblem*) {
  return {
      {"one", {1, 1}},
      {"3 classes", {17, 3}},
      {"wide", {3, 1003}},
      {"7x7 of 35", {2 * 7 * 7, 35}},
      {"long", {5003, 19}},
      {"cnn 1", {32 * 128 * 128, 32}, Use::bench},
      {"vgg at 28", {16 * 28 * 28, 512}, Use::bench},
  };
}

}  // namespace hilum
