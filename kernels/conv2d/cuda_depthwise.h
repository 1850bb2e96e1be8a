// conv2d, CUDA, depthwise: how many parts backward_weight's pixels are cut into; for the workspace.
#pragma once

#include "kernels/conv2d/cuda_plan.h"

namespace hilum {

struct Conv2dDepthwise {
  static constexpr std::size_t channels = 32, strips = 8;  // of a block, whose threads they are
  static constexpr std::size_t taps = 9;                   // that a thread adds up at a time

  // Blocks for 132 multiprocessors, each with 8 rows of y at least.
  static std::size_t parts(const Conv2dProblem& a) {
    const std::size_t others = tiles(a.k, channels) * tiles(a.r * a.s, taps);
    return std::clamp<std::size_t>(1056 / others, 1, tiles(a.n * a.p(), strips));
  }
  static std::size_t workspace(const Conv2dProblem& a) {
    return sizeof(float) * parts(a) * a.w_count();
  }
  static std::size_t shared_bytes(const Conv2dProblem& a) {
    return sizeof(float) * channels * a.r * a.s;
  }
};

}  // namespace hilum
