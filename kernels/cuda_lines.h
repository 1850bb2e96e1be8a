// How kernels over images share out their outputs: a block takes a line of pixels (one image, one
// row), its threads the line's pixels and channels, neighbours in memory by neighbours in a warp.
// What a line needs once, its image and its rows, is worked out by whole blocks, so that the slow
// divisions by sizes are one an element and not three.
#pragma once

#include "kernels/cuda.h"

namespace hilum {

// Whole warps, no more than the line can use.
inline unsigned threads_for_line(std::size_t width) {
  return static_cast<unsigned>(width < 256 ? (width + 31) / 32 * 32 : 256);
}

// Calls visit(n, row, column, c, index of the element) for the block's lines of the image stack
// [n, height, width, c].
template <class Visit>
__device__ __forceinline__ void for_each_pixel(std::size_t n_count, std::size_t height,
                                               std::size_t width, std::size_t channels,
                                               Visit visit) {
  const auto c_count = static_cast<unsigned>(channels);
  for (std::size_t line = blockIdx.x; line < n_count * height; line += gridDim.x) {
    const auto [n, row] = divide(line, height);
    for (unsigned i = threadIdx.x; i < width * c_count; i += blockDim.x) {
      visit(n, row, i / c_count, i % c_count, line * width * c_count + i);
    }
  }
}

}  // namespace hilum
