// conv2d, CUDA 6: the sizes of what cuda6_winograd.cu keeps in its workspace.
#pragma once

#include "kernels/conv2d/cuda_plan.h"

namespace hilum {

// A correlation of 3 x 3 taps: forward, or backward_data of dy with the filters turned around.
// Tap (i, j) of filter k and channel c is at w[base + k * k_step + c * c_step + i * i_step + ...].
struct WinogradShape {
  static constexpr int elements = 36;  // of a transformed tile
  std::size_t n, in_h, in_w, c, out_h, out_w, k;
  std::ptrdiff_t pad_h, pad_w;
  std::ptrdiff_t base, k_step, c_step, i_step, j_step;

  static WinogradShape forward(const Conv2dProblem& a) {
    auto s = [](std::size_t v) { return static_cast<std::ptrdiff_t>(v); };
    return {a.n,        a.h,        a.w, a.c,        a.p(), a.q(),      a.k,
            s(a.pad_h), s(a.pad_w), 0,   s(9 * a.c), 1,     s(3 * a.c), s(a.c)};
  }
  static WinogradShape backward_data(const Conv2dProblem& a) {
    auto s = [](std::size_t v) { return static_cast<std::ptrdiff_t>(v); };
    return {a.n,         a.p(),          a.q(),          a.k,        a.h, a.w,
            a.c,         2 - s(a.pad_h), 2 - s(a.pad_w), s(8 * a.c), 1,   s(9 * a.c),
            -s(3 * a.c), -s(a.c)};
  }

  std::size_t tiles_h() const { return tiles(out_h, 4); }
  std::size_t tiles_w() const { return tiles(out_w, 4); }
  std::size_t channels() const { return ceil_to(c, 4); }  // in the workspace: whole pieces
  // Images that go through the workspace at a time: what fits in half of a large GPU's L2 cache, so
  // that V and M need not go through memory; one at least.
  std::size_t group() const {
    constexpr std::size_t most = std::size_t{24} << 20;
    const std::size_t image = elements * tiles_h() * tiles_w() * (channels() + k) * sizeof(float);
    return std::clamp<std::size_t>(most / image, 1, n);
  }
  std::size_t filter_floats() const { return elements * k * channels(); }
  std::size_t in_floats() const { return elements * group() * tiles_h() * tiles_w() * channels(); }
  std::size_t out_floats() const { return elements * group() * tiles_h() * tiles_w() * k; }
  std::size_t workspace() const {
    return ceil_to(filter_floats() * sizeof(float), 64) + ceil_to(in_floats() * sizeof(float), 64) +
           out_floats() * sizeof(float);
  }
};

}  // namespace hilum
