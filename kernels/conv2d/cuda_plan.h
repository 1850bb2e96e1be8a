// conv2d, CUDA: what the host decides before a kernel starts: the axes of a correlation, how a
// matrix product is cut into tiles and slices, and how much workspace that takes. Plain C++,
// because table.cpp asks for the workspace and the .cu files use it: both must count alike.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/conv2d/conv2d.h"

namespace hilum {

inline std::size_t ceil_to(std::size_t a, std::size_t multiple) {
  return (a + multiple - 1) / multiple * multiple;
}

// One axis (height or width) of a correlation: output i and tap j read input
//   i * step + start + j * distance,                               which may lie outside.
// Output i stands at first_out + i * out_step of its image, tap j is tap first_tap + j * tap_step
// of the filter. Forward is one such correlation of x; backward_data is one of dy for each phase.
struct Axis {
  int taps, distance, step, start, in, out;
  int first_tap = 0, tap_step = 1, first_out = 0, out_step = 1;
};

inline Axis forward_axis(std::size_t in, std::size_t out, std::size_t taps, std::size_t stride,
                         std::size_t pad, std::size_t dilation) {
  auto i = [](std::size_t v) { return static_cast<int>(v); };
  return {i(taps), i(dilation), i(stride), -i(pad), i(in), i(out)};
}
inline Axis forward_h(const Conv2dProblem& a) {
  return forward_axis(a.h, a.p(), a.r, a.stride_h, a.pad_h, a.dilation_h);
}
inline Axis forward_w(const Conv2dProblem& a) {
  return forward_axis(a.w, a.q(), a.s, a.stride_w, a.pad_w, a.dilation_w);
}

// Pixels h = phase, phase + stride, ... of dx: h = p * stride - pad + r * dilation only for taps r
// of one residue, each stride / gcd(stride, dilation)-th. There may be none: that dx is zero.
inline Axis backward_axis(const Axis& forward, int phase) {
  const int stride = forward.step, pad = -forward.start, dilation = forward.distance;
  Axis axis{0, 0, 1, 0, forward.out, 0, 0, stride / std::gcd(stride, dilation), phase, stride};
  if (phase < forward.in) axis.out = (forward.in - phase - 1) / stride + 1;
  while (axis.first_tap < forward.taps && (phase + pad - axis.first_tap * dilation) % stride != 0) {
    ++axis.first_tap;
  }
  if (axis.first_tap >= forward.taps) return axis;
  axis.taps = (forward.taps - 1 - axis.first_tap) / axis.tap_step + 1;
  axis.start = (phase + pad - axis.first_tap * dilation) / stride;
  axis.distance = -(axis.tap_step * dilation / stride);
  return axis;
}

template <class Visit>
void for_each_backward_phase(const Conv2dProblem& a, Visit visit) {
  const Axis h = forward_h(a), w = forward_w(a);
  for (int i = 0; i < std::min(h.step, h.in); ++i) {
    for (int j = 0; j < std::min(w.step, w.in); ++j)
      visit(backward_axis(h, i), backward_axis(w, j));
  }
}

// A tile of results that one block computes, by a kernel's own estimate: the multiply-adds a clock
// of a multiprocessor that is full of such blocks, and how many blocks fill it.
struct Tile {
  int m, n;
  double rate, full;
};

// What a kind of product is made of: `vector` elements are a piece of 16 bytes; tiles, largest
// first.
struct FloatPlan {
  static constexpr std::size_t vector = 4;
  static constexpr Tile tiles[] = {{128, 128, 110, 1.3}, {128, 64, 102, 1.6}, {64, 64, 96, 3}};
};
struct Tf32Plan {
  static constexpr std::size_t vector = 4;
  static constexpr Tile tiles[] = {{128, 128, 600, 1.4}, {128, 64, 540, 1.8}, {64, 64, 430, 2.5}};
};
struct Bf16Plan {
  static constexpr std::size_t vector = 8;
  static constexpr Tile tiles[] = {{128, 128, 1200, 1.4}, {128, 64, 1080, 1.8}, {64, 64, 860, 2.5}};
};

// A product (m, depth) times (depth, n) and how it is cut: tiles of the result, one a block, and,
// where those are too few to fill a GPU, slices of the depth, each with a result of its own that
// are added in order afterwards. The cut follows from the sizes alone, and so do the bits.
struct Cut {
  int m, n, depth, slices, slice_depth;
  bool sliced;  // results go to the workspace first
  int tile_m, tile_n;
  std::size_t slice_floats() const {
    return sliced ? std::size_t(slices) * std::size_t(m) * std::size_t(n) : 0;
  }
};

enum class Sliced { where_needed, always, never };

inline std::size_t tiles(std::size_t count, std::size_t tile) { return (count + tile - 1) / tile; }

// Clocks that `batch` products take on an H100 or H200: the busiest multiprocessor's blocks, one
// after another, and the way of slices through memory.
inline double clocks(const Tile& tile, const Cut& cut, std::size_t batch) {
  constexpr double multiprocessors = 132, bytes = 1500;  // a clock, to and from L2
  constexpr double ends = 64;  // first loads and last stores of a block, as if so much deeper
  constexpr double launch = 4000, slice = 50;  // of adding them; one waits for memory
  const double blocks =
      static_cast<double>(tiles(std::size_t(cut.m), std::size_t(tile.m)) *
                          tiles(std::size_t(cut.n), std::size_t(tile.n)) * batch) *
      cut.slices;
  const double busiest = std::max(std::ceil(blocks / multiprocessors), tile.full);
  const double product = busiest * tile.m * tile.n * (cut.slice_depth + ends) / tile.rate;
  return cut.slices == 1 ? product
                         : product + launch + slice * cut.slices +
                               (2.0 * cut.slices + 1) * 4 * cut.m * cut.n / bytes;
}

// The fastest of all tiles and numbers of slices.
template <class Plan>
Cut cut_product(std::size_t m, std::size_t n, std::size_t depth, Sliced sliced,
                std::size_t batch = 1) {
  constexpr std::size_t least_depth = 128, most_blocks = 1024;
  constexpr std::size_t unit = 32;  // the deepest stage of any kernel
  auto i = [](std::size_t v) { return static_cast<int>(v); };
  Cut best{};
  double least = 0;
  for (const Tile& tile : Plan::tiles) {
    const std::size_t blocks = tiles(m, std::size_t(tile.m)) * tiles(n, std::size_t(tile.n));
    std::size_t most =
        std::min(depth / least_depth, most_blocks / std::max<std::size_t>(blocks, 1));
    if (sliced == Sliced::never) most = 1;
    for (std::size_t wanted = 1; wanted <= std::max<std::size_t>(most, 1); ++wanted) {
      const std::size_t slice_depth = std::max(ceil_to(tiles(depth, wanted), unit), unit);
      const std::size_t slices = std::max<std::size_t>(tiles(depth, slice_depth), 1);
      const Cut cut = {i(m),      i(n),           i(depth),
                       i(slices), i(slice_depth), slices > 1 || sliced == Sliced::always,
                       tile.m,    tile.n};
      const double time = clocks(tile, cut, batch);
      if (best.tile_m == 0 || time < least) best = cut, least = time;
    }
  }
  return best;
}

// Operands are read in pieces of 16 bytes: of `vector` = 4 floats or 8 bf16. A matrix of floats
// whose rows are whole pieces is read where it stands, any other from a padded (rounded) copy.
inline std::size_t packed_bytes(std::size_t vector, std::size_t rows, std::size_t columns) {
  if (vector == 4 && columns % 4 == 0) return 0;
  return ceil_to(rows * ceil_to(columns, vector) * (16 / vector), 64);
}

template <class Plan>
Cut cut_forward(const Conv2dProblem& a) {
  return cut_product<Plan>(a.n * a.p() * a.q(), a.k, a.r * a.s * ceil_to(a.c, Plan::vector),
                           Sliced::where_needed);
}
template <class Plan>
Cut cut_backward_data(const Conv2dProblem& a, const Axis& h, const Axis& w) {
  auto u = [](int v) { return static_cast<std::size_t>(v); };
  return cut_product<Plan>(a.n * u(h.out) * u(w.out), a.c,
                           u(h.taps) * u(w.taps) * ceil_to(a.k, Plan::vector),
                           Sliced::where_needed);
}
// Columns are taps and channels, as in dw; where padding stands between those, dw is written from
// slices.
template <class Plan>
Cut cut_backward_weight(const Conv2dProblem& a) {
  return cut_product<Plan>(a.k, a.r * a.s * ceil_to(a.c, Plan::vector), a.n * a.p() * a.q(),
                           a.c % Plan::vector == 0 ? Sliced::where_needed : Sliced::always);
}

inline std::size_t packed_x_bytes(const Conv2dProblem& a, std::size_t vector) {
  return packed_bytes(vector, a.n * a.h * a.w, a.c);
}
inline std::size_t packed_w_bytes(const Conv2dProblem& a, std::size_t vector) {
  return packed_bytes(vector, a.k * a.r * a.s, a.c);
}
inline std::size_t packed_y_bytes(const Conv2dProblem& a, std::size_t vector) {
  return packed_bytes(vector, a.n * a.p() * a.q(), a.k);
}

// Workspace of the implicit products (cuda4, cuda5).
template <class Plan>
std::size_t implicit_forward_workspace(const Conv2dProblem& a) {
  return packed_x_bytes(a, Plan::vector) + packed_w_bytes(a, Plan::vector) +
         sizeof(float) * cut_forward<Plan>(a).slice_floats();
}
template <class Plan>
std::size_t implicit_backward_data_workspace(const Conv2dProblem& a) {
  std::size_t slices = 0;
  for_each_backward_phase(a, [&](const Axis& h, const Axis& w) {
    slices = std::max(slices, cut_backward_data<Plan>(a, h, w).slice_floats());
  });
  return packed_y_bytes(a, Plan::vector) + packed_w_bytes(a, Plan::vector) + sizeof(float) * slices;
}
template <class Plan>
std::size_t implicit_backward_weight_workspace(const Conv2dProblem& a) {
  return packed_x_bytes(a, Plan::vector) + packed_y_bytes(a, Plan::vector) +
         sizeof(float) * cut_backward_weight<Plan>(a).slice_floats();
}

}  // namespace hilum
