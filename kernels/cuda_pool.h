// How pooling kernels walk: over the pixels of a window, and over the windows that cover a pixel;
// always in the reference's order.
#pragma once

#include "kernels/cuda_lines.h"
#include "kernels/pool_window.h"

namespace hilum {

// Pixels of the image that window (p, q) covers.
struct CoveredPixels {
  PoolRange rows, columns;
};
__device__ __forceinline__ CoveredPixels pixels_of(const PoolWindow& a, std::size_t p,
                                                   std::size_t q) {
  return {pool_range(p, a.stride_h, a.pad_h, a.r, a.h),
          pool_range(q, a.stride_w, a.pad_w, a.s, a.w)};
}

// visit(h, w)
template <class Visit>
__device__ __forceinline__ void for_each_in(const CoveredPixels& pixels, Visit visit) {
  for (std::size_t h = pixels.rows.begin; h < pixels.rows.end; ++h) {
    for (std::size_t w = pixels.columns.begin; w < pixels.columns.end; ++w) visit(h, w);
  }
}

// visit(p, q) for the windows that cover pixel (h, w).
template <class Visit>
__device__ __forceinline__ void for_each_window_over(const PoolWindow& a, std::size_t h,
                                                     std::size_t w, Visit visit) {
  const PoolRange ps = pool_windows_over(h, a.stride_h, a.pad_h, a.r, a.p());
  const PoolRange qs = pool_windows_over(w, a.stride_w, a.pad_w, a.s, a.q());
  for (std::size_t p = ps.begin; p < ps.end; ++p) {
    for (std::size_t q = qs.begin; q < qs.end; ++q) visit(p, q);
  }
}

}  // namespace hilum
