// batch_norm: the problems that every row is tested on and timed on. The first number is N H W.
#pragma once

#include "kernels/batch_norm/batch_norm.h"
#include "kernels/case.h"

namespace hilum {

inline std::vector<Case<BatchNormProblem>> cases(const BatchNormProblem*) {
  return {
      {"two values", {2, 1}},
      {"one channel", {2 * 7 * 7, 1}},
      {"7x7", {3 * 7 * 7, 17}},
      {"14x14", {2 * 14 * 14, 33}},
      {"55x55", {55 * 55, 3}},
      {"many channels", {10, 130}},
      {"more than one chunk", {4 * 14 * 14, 64}},
      {"other constants", {5 * 7 * 9, 20, 1e-3f, 0.25f}},
      // Layers of the networks, timed only.
      {"cnn 1", {32 * 128 * 128, 32}, Use::bench},
      {"resnet stem", {16 * 112 * 112, 64}, Use::bench},
      {"resnet at 56", {16 * 56 * 56, 256}, Use::bench},
      {"resnet at 14", {16 * 14 * 14, 1024}, Use::bench},
      {"resnet at 7", {16 * 7 * 7, 512}, Use::bench},
  };
}

}  // namespace hilum
