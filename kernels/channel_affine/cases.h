// channel_affine: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/channel_affine/channel_affine.h"

namespace hilum {

inline std::vector<Case<ChannelAffineProblem>> cases(const ChannelAffineProblem*) {
  return {
      {"one", {1, 1, 1, 1}},
      {"relu", {2 * 7 * 7, 35, 35, 35, true, Activation::relu}},
      {"relu6", {33, 64, 64, 64, true, Activation::relu6}},
      {"from wide", {50, 19, 40, 19, true, Activation::relu}},
      {"to wide", {50, 48, 48, 131}},
      {"copy", {301, 37, 64, 96, false}},
      {"rectify", {5003, 19, 19, 19, false, Activation::relu}},
      {"densenet at 56", {16 * 56 * 56, 128, 256, 128, true, Activation::relu}, Use::bench},
      {"densenet at 14", {14 * 14, 512, 1024, 512, true, Activation::relu}, Use::bench},
  };
}

}  // namespace hilum
