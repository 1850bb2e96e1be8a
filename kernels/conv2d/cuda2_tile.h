// conv2d, CUDA 2: the patch of x that a block of cuda2_tile.cu brings to shared memory. The table
// asks for its size, too: a row that needs more than a multiprocessor has must say so.
#pragma once

#include "kernels/conv2d/conv2d.h"

namespace hilum {

struct Conv2dPatch {
  static constexpr int side = 8, filters = 32, channels = 8, threads = side * filters;
  static constexpr int filter_row = filters + 1;
  std::size_t p, q;   // of the whole image
  int rows, columns;  // of the patch, in pixels of x
  int tiles_w;
  std::size_t shared_bytes;

  explicit Conv2dPatch(const Conv2dProblem& a) : p(a.p()), q(a.q()) {
    const std::size_t reach_h = (side - 1) * a.stride_h + (a.r - 1) * a.dilation_h + 1;
    const std::size_t reach_w = (side - 1) * a.stride_w + (a.s - 1) * a.dilation_w + 1;
    rows = static_cast<int>(reach_h), columns = static_cast<int>(reach_w);
    tiles_w = static_cast<int>((q + side - 1) / side);
    shared_bytes = sizeof(float) * channels * (reach_h * reach_w + a.r * a.s * filter_row);
  }
};

}  // namespace hilum
