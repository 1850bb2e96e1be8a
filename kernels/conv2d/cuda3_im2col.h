// conv2d, CUDA 3: the size of the matrix of cuda3_im2col.cu, for its workspace.
#pragma once

#include "kernels/conv2d/cuda_plan.h"

namespace hilum {

struct Conv2dIm2col {
  std::size_t pixels, depth;  // of one image; R*S*C, rounded up to whole pieces
  std::size_t group;          // images at a time

  explicit Conv2dIm2col(const Conv2dProblem& a)
      : pixels(a.p() * a.q()), depth(ceil_to(a.r * a.s * a.c, 4)) {
    constexpr std::size_t most = std::size_t{256} << 20;
    group = std::clamp<std::size_t>(most / (sizeof(float) * pixels * depth), 1, a.n);
  }
  Cut cut(const Conv2dProblem& part) const {
    return cut_product<FloatPlan>(part.n * pixels, part.k, depth, Sliced::where_needed);
  }
  std::size_t workspace(Conv2dProblem a) const {
    const std::size_t filters = packed_bytes(4, a.k, a.r * a.s * a.c);
    std::size_t slices = 0;
    for (std::size_t images : {group, (a.n - 1) % group + 1}) {  // of a group, of the last one
      a.n = images;
      slices = std::max(slices, cut(a).slice_floats());
    }
    return filters + ceil_to(sizeof(float) * group * pixels * depth, 64) + sizeof(float) * slices;
  }
};

}  // namespace hilum
