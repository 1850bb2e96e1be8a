// The sliding window that max_pool and avg_pool share: sizes, output size, and which pixels an
// output pixel covers.
//
// Letters: N images, H x W pixels, C channels; a window of R x S pixels moves by stride and starts
// pad pixels outside of the image; P x Q pixels out. Layout NHWC.
// What is constexpr here, CUDA kernels call too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace hilum {

struct PoolWindow {
  std::size_t n, h, w, c;                  // input
  std::size_t r, s;                        // window
  std::size_t stride_h = 1, stride_w = 1;  // usually the window's own size
  std::size_t pad_h = 0, pad_w = 0;        // less than the window

  // Ceiling mode: pixels left over at the end get a window of their own, which reaches beyond the
  // image. Otherwise they belong to no window.
  bool ceil_mode = false;

  // Output size: (H + 2 pad - R) / stride + 1, rounded down, or up in ceiling mode; a window that
  // would begin beyond the image is left out.
  constexpr std::size_t p() const { return count(h, r, stride_h, pad_h); }
  constexpr std::size_t q() const { return count(w, s, stride_w, pad_w); }

  constexpr std::size_t x_count() const { return n * h * w * c; }
  constexpr std::size_t y_count() const { return n * p() * q() * c; }

  // "16x112x112x64 3x3 /2 pad 1".
  std::string describe() const;

 private:
  constexpr std::size_t count(std::size_t size, std::size_t reach, std::size_t stride,
                              std::size_t pad) const {
    const std::size_t room = size + 2 * pad - reach;
    const std::size_t windows = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    return ceil_mode && (windows - 1) * stride >= size + pad ? windows - 1 : windows;
  }
};

// Throws a usage error that names `op` and the shapes where a size is zero, the window is larger
// than the padded image, or the padding as large as the window (which would leave windows without
// any pixel).
void check(const PoolWindow& window, const char* op);

// The pixels [begin, end) along one axis that lie inside of the image and in window number `out`.
struct PoolRange {
  std::size_t begin, end;
};
constexpr PoolRange pool_range(std::size_t out, std::size_t stride, std::size_t pad,
                               std::size_t reach, std::size_t size) {
  const std::size_t first = out * stride;  // counted from the padding's first pixel
  return {first > pad ? first - pad : 0, std::min(first + reach - pad, size)};
}

// The windows [begin, end) along one axis that cover `pixel`, of `count` windows.
constexpr PoolRange pool_windows_over(std::size_t pixel, std::size_t stride, std::size_t pad,
                                      std::size_t reach, std::size_t count) {
  const std::size_t last = pixel + pad;  // the last window starts here or before
  const std::size_t begin = last + 1 > reach ? (last + 1 - reach + stride - 1) / stride : 0;
  return {begin, std::min(last / stride + 1, count)};
}

}  // namespace hilum
