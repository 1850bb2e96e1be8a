// conv2d, CPU 2, direct: backward_weight, a sum of outer products over the pixels.
//
// Idea: a tile of dw, M taps-and-channels times V vectors of filters, stays in registers while the
// pixels of a block pass by. Each pixel loads V vectors of dy and broadcasts M neighbouring floats
// of x: M*V fused multiply-adds for M + V loads, the broadcasts at fixed distances.
//   AVX-512: 14 x 2 of 32 registers; AVX2: 6 x 2 of 16; portable: 4 x 2.
//
// A work item is a share of the images times some blocks of filters, with sums of its own; nobody
// waits for anybody. Their number is fixed, and the shares are added up in order at the end, so
// the bits do not follow the number of threads. Within an item the pixels are cut in three levels:
// steps, whose x and dy fit in the L2 cache; blocks, which fit in the L1 cache; registers. Between
// blocks a tile rests in `sums`.
//
// A step's x is copied, with its padding, into planes of M channels, and its dy into blocks of
// filters. So what a tile reads lies densely, and the R*S tiles that read the same M channels (only
// shifted) find them in the L1 cache. Where all channels fit in one tile, as in the first layer,
// the S taps of a row and their channels are one contiguous run, so that C = 3 makes runs of 9
// or 21.
//
// Since cpu1: no matrix of patches.
//
// Bounds: the multiply-adds; for few taps or few filters the copying of x and dy.
// Measured on 64 -> 64 3x3 at 56, AVX-512, one thread: 66 % of the multiply-add roof; on 3 -> 32 at
// 128 25 %, as the library's.
#ifndef HILUM_ISA
#include <utility>

#include "kernels/conv2d/cpu2_direct.h"
#include "kernels/conv2d/rows.h"

namespace hilum {
namespace {

// How backward_weight is cut.
struct WeightCut {
  Conv2dProblem a;
  std::size_t p, q;  // output size
  // Filters: for each group `blocks` of `block`. Channels: for each group `tiles` planes of `tile`,
  // the last may be smaller. Merged: one plane of all channels, and tiles over the run of S taps
  // times C channels.
  std::size_t block, blocks;
  bool merged;
  std::size_t runs, length, tile,
      tiles;  // runs of taps, floats of a run, of a tile, tiles of a run
  // Steps: `images` whole images, or `rows` rows of one; `bands` such steps to the image.
  std::size_t images, rows, bands;
  std::size_t steps;  // of a share
  std::size_t shares, share_images;
  std::size_t parts;                // that the blocks of filters are divided into
  std::size_t in_rows, in_columns;  // of a copied image or band of x
  std::size_t x_floats, dy_floats;  // copies in a thread's hands
  std::size_t sum_floats;           // of a share
};

}  // namespace
}  // namespace hilum

#define HILUM_THIS_FILE "kernels/conv2d/cpu2_direct_weight.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

WeightCut cut(const Conv2dProblem& a, std::size_t lanes) {
  constexpr std::size_t step_bytes = 512 * 1024;  // x and dy of a step: a quarter of a large L2
  constexpr std::size_t sum_bytes = 4 << 20;      // of all shares
  constexpr std::size_t wanted_items = 16;        // shares times parts of the filters
  WeightCut b{};
  b.a = a;
  b.p = a.p(), b.q = a.q();
  const std::size_t group_c = a.c / a.groups, group_k = a.k / a.groups;
  b.block = 2 * lanes;
  b.blocks = ceil_div(group_k, b.block);
  b.merged = a.groups == 1 && a.dilation_w == 1 && a.c <= tile_m_of(lanes);
  b.runs = b.merged ? a.r : a.r * a.s;
  b.length = b.merged ? a.s * a.c : group_c;
  b.tile = ceil_div(b.length, ceil_div(b.length, tile_m_of(lanes)));
  b.tiles = ceil_div(b.length, b.tile);

  const std::size_t all_blocks = a.groups * b.blocks;
  b.sum_floats = all_blocks * b.block * b.runs * b.length;
  b.shares = std::clamp<std::size_t>(sum_bytes / (b.sum_floats * sizeof(float)), 1,
                                     std::min(a.n, wanted_items));
  b.share_images = ceil_div(a.n, b.shares);
  b.shares = ceil_div(a.n, b.share_images);
  b.parts = ceil_div(all_blocks, std::max<std::size_t>(all_blocks * b.shares / wanted_items, 1));

  const std::size_t reach_h = (a.r - 1) * a.dilation_h + 1, reach_w = (a.s - 1) * a.dilation_w + 1;
  b.in_columns = (b.q - 1) * a.stride_w + reach_w;
  const std::size_t row_bytes = sizeof(float) * (a.stride_h * b.in_columns * a.c + b.q * b.block);
  const std::size_t rows = std::max<std::size_t>(step_bytes / row_bytes, 1);
  if (rows >= b.p) {
    b.images = std::min(rows / b.p, b.share_images);
    b.rows = b.p, b.bands = 1;
    b.steps = ceil_div(b.share_images, b.images);
  } else {
    b.images = 1;
    b.bands = ceil_div(b.p, rows);
    b.rows = ceil_div(b.p, b.bands);
    b.bands = ceil_div(b.p, b.rows);
    b.steps = b.share_images * b.bands;
  }
  b.in_rows = (b.rows - 1) * a.stride_h + reach_h;
  b.x_floats = ceil_div(b.images * b.in_rows * b.in_columns * a.c, 16) * 16;
  b.dy_floats = b.images * b.rows * b.q * b.block;
  return b;
}

}  // namespace

std::size_t conv2d_backward_weight_cpu2_workspace(const Conv2dProblem& a) {
  if (is_product(a)) return backward_weight_product_workspace(a);
  const WeightCut b = cut(a, lanes_now());
  return sizeof(float) *
         (b.shares * b.sum_floats +
          static_cast<std::size_t>(omp_get_max_threads()) * (b.x_floats + b.dy_floats));
}

void conv2d_backward_weight_cpu2(const Launch& launch, const Conv2dProblem& a, const float* x,
                                 const float* dy, float* dw) {
  if (is_product(a)) return backward_weight_product(launch, a, x, dy, dw);
  const WeightCut b = cut(a, lanes_now());
  HILUM_DISPATCH_ISA(backward_weight, b, static_cast<float*>(launch.workspace), x, dy, dw);
}

}  // namespace hilum

#else
#include "kernels/conv2d/cpu2_direct_weight_tile.h"

namespace hilum::HILUM_ISA {
// Without a name, because other files have a Tiles and a Block too and the linker would merge them.
namespace {

constexpr std::size_t block_pixels = 192;  // their dy, 24 KiB, is half of a large L1 cache

// sums (M, V*lanes) += x (pixels, M) transposed times dy (pixels, V*lanes). Pixel i of x begins at
// x[offset[i]].
template <std::size_t V, std::size_t M>
void tile(std::size_t pixels, const std::size_t* offset, const float* x, const float* dy,
          float* sums) {
  Vec sum[M][V] = {};  // (M, V*lanes) of dw, in registers
  for (std::size_t i = 0; i < pixels; ++i, dy += V * lanes) {
    add_outer_product<V, M>(sum, x + offset[i], dy);
  }
  add_tile<V, M>(sum, sums);
}

using Tile = void (*)(std::size_t, const std::size_t*, const float*, const float*, float*);

// tile<V, 1> ... tile<V, tile_m>, by M - 1.
template <std::size_t V, class = std::make_index_sequence<tile_m> >
struct Tiles;
template <std::size_t V, std::size_t... M>
struct Tiles<V, std::index_sequence<M...> > {
  static constexpr Tile of[] = {tile<V, M + 1>...};
};

// A block of filters: `count` of them, in `width` (one or two vectors) lanes.
struct Block {
  std::size_t group, first, count, width;

  Block(const WeightCut& b, std::size_t index) {
    group = index / b.blocks;
    first = index % b.blocks * b.block;
    count = smaller(b.a.k / b.a.groups - first, b.block);
    width = count <= lanes ? lanes : 2 * lanes;
  }
};

// What a share does in a step: images [n0, n0 + images), output rows [p0, p0 + rows) of each.
struct Step {
  std::size_t n0, images, p0, rows;

  Step(const WeightCut& b, std::size_t share, std::size_t step) {
    const std::size_t end = smaller((share + 1) * b.share_images, b.a.n);
    n0 = share * b.share_images + step / b.bands * b.images;
    images = n0 < end ? smaller(b.images, end - n0) : 0;
    p0 = step % b.bands * b.rows;
    rows = p0 < b.p ? smaller(b.rows, b.p - p0) : 0;
  }
};

// Copies a step's dy of one block of filters: to (image, row, q, width).
void pack_dy(const WeightCut& b, const Step& step, const Block& block, const float* dy, float* to) {
  const std::size_t pixels = step.rows * b.q;
  for (std::size_t image = 0; image < step.images; ++image) {
    const float* from = dy + ((step.n0 + image) * b.p + step.p0) * b.q * b.a.k +
                        block.group * (b.a.k / b.a.groups) + block.first;
    for (std::size_t i = 0; i < pixels; ++i, from += b.a.k) {
      for (std::size_t lane = 0; lane < block.width; lane += lanes, to += lanes) {
        const std::size_t left = block.count - lane;
        store(to, left >= lanes ? load(from + lane) : load_partial(from + lane, left));
      }
    }
  }
}

// Copies a step's x with its padding: to (plane, image, in_rows, in_columns, channels of the
// plane).
void copy_x(const WeightCut& b, const Step& step, const float* x, float* to) {
  const Conv2dProblem& a = b.a;
  const std::size_t rows = (step.rows - 1) * a.stride_h + (a.r - 1) * a.dilation_h + 1;
  const std::size_t plane_pixels = b.images * b.in_rows * b.in_columns;
  const std::size_t group_c = a.c / a.groups;
  for (std::size_t image = 0; image < step.images; ++image) {
    if (b.merged) {
      copy_padded(
          x + (step.n0 + image) * a.h * a.w * a.c, a.h, a.w, a.c,
          static_cast<std::ptrdiff_t>(step.p0 * a.stride_h) - static_cast<std::ptrdiff_t>(a.pad_h),
          -static_cast<std::ptrdiff_t>(a.pad_w), rows, b.in_columns,
          to + image * b.in_rows * b.in_columns * a.c);
      continue;
    }
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t h = step.p0 * a.stride_h + row - a.pad_h;  // wraps above the image
      for (std::size_t column = 0; column < b.in_columns; ++column) {
        const std::size_t w = column - a.pad_w;  // wraps left of the image
        const bool inside = h < a.h && w < a.w;
        const std::size_t from = (((step.n0 + image) * a.h + h) * a.w + w) * a.c;
        const std::size_t pixel = (image * b.in_rows + row) * b.in_columns + column;
        for (std::size_t group = 0; group < a.c; group += group_c) {
          for (std::size_t c = 0; c < group_c; c += b.tile) {
            const std::size_t count = smaller(b.tile, group_c - c);
            if (inside) __builtin_prefetch(x + from + group + c + 1024);  // 4 KiB ahead
            const Vec v = inside ? load_partial(x + from + group + c, count) : Vec{};
            store_partial(to + (group + c) * plane_pixels + pixel * count, v, count);
          }
        }
      }
    }
  }
}

// Adds a step to the sums (runs, length, width) of one block of filters.
void add_step(const WeightCut& b, const Step& step, const Block& block, const float* x,
              const float* dy, float* sums) {
  const Conv2dProblem& a = b.a;
  std::size_t number[block_pixels];  // of the pixel that the first tap reads, in a plane
  std::size_t offset[block_pixels];  // of that pixel in floats
  const std::size_t all_pixels = step.images * step.rows * b.q;
  const std::size_t plane_pixels = b.images * b.in_rows * b.in_columns;
  const std::size_t runs_across = b.runs / a.r;  // 1 where a run covers all taps of a row
  const Tile* tile_of = block.width == lanes ? Tiles<1>::of : Tiles<2>::of;
  std::size_t row = 0, q = 0, in_row = 0;
  for (std::size_t first = 0; first < all_pixels; first += block_pixels) {
    const std::size_t pixels = smaller(block_pixels, all_pixels - first);
    for (std::size_t i = 0; i < pixels; ++i) {
      number[i] = in_row * b.in_columns + q * a.stride_w;
      if (++q == b.q) {
        q = 0;
        in_row += a.stride_h;
        if (++row == step.rows) {  // on to the next image
          row = 0;
          in_row += b.in_rows - step.rows * a.stride_h;
        }
      }
    }
    const float* block_dy = dy + first * block.width;
    std::size_t offset_width = 0;  // of the pixels that `offset` was made for
    for (std::size_t begin = 0; begin < b.length; begin += b.tile) {
      const std::size_t m = smaller(b.tile, b.length - begin);
      const std::size_t width = b.merged ? a.c : m;
      const float* plane =
          b.merged ? x + begin : x + (block.group * b.length + begin) * plane_pixels;
      if (width != offset_width) {
        for (std::size_t i = 0; i < pixels; ++i) offset[i] = number[i] * width;
        offset_width = width;
      }
      for (std::size_t run = 0; run < b.runs; ++run) {
        const std::size_t r = run / runs_across, s = run % runs_across;
        const std::size_t tap = r * a.dilation_h * b.in_columns + s * a.dilation_w;
        tile_of[m - 1](pixels, offset, plane + tap * width, block_dy,
                       sums + (run * b.length + begin) * block.width);
      }
    }
  }
}

// One work item: a share of the images, blocks [first, last) of filters.
void add_share(const WeightCut& b, std::size_t share, std::size_t first, std::size_t last,
               const float* x, const float* dy, float* sums, float* x_copy, float* dy_copy) {
  const std::size_t block_floats = b.runs * b.length * b.block;
  __builtin_memset(sums + first * block_floats, 0, (last - first) * block_floats * sizeof(float));
  for (std::size_t s = 0; s < b.steps; ++s) {
    const Step step(b, share, s);
    if (step.images * step.rows == 0) continue;
    copy_x(b, step, x, x_copy);
    for (std::size_t number = first; number < last; ++number) {
      const Block block(b, number);
      pack_dy(b, step, block, dy, dy_copy);
      add_step(b, step, block, x_copy, dy_copy, sums + number * block_floats);
    }
  }
}

// dw of one run of a block of filters: adds the shares' sums in order and turns (length, filter)
// into (filter, length).
void finish(const WeightCut& b, std::size_t number, std::size_t run, const float* sums, float* dw) {
  const Block block(b, number);
  const float* from = sums + number * b.runs * b.length * b.block + run * b.length * block.width;
  float* to = dw + ((block.group * (b.a.k / b.a.groups) + block.first) * b.runs + run) * b.length;
  for (std::size_t i = 0; i < b.length; ++i, from += block.width) {
    for (std::size_t k = 0; k < block.count; ++k) {
      float total = from[k];
      for (std::size_t share = 1; share < b.shares; ++share) {
        total += from[share * b.sum_floats + k];
      }
      to[k * b.runs * b.length + i] = total;
    }
  }
}

void backward_weight(const WeightCut& b, float* workspace, const float* x, const float* dy,
                     float* dw) {
  const std::size_t numbers = b.a.groups * b.blocks, items = b.shares * b.parts;
  float* copies = workspace + b.shares * b.sum_floats;
  Work work(items);
#pragma omp parallel
  {
    float* x_copy =
        copies + static_cast<std::size_t>(omp_get_thread_num()) * (b.x_floats + b.dy_floats);
    for (std::size_t item = 0; work.next(item);) {
      const std::size_t share = item / b.parts, part = item % b.parts;
      add_share(b, share, numbers * part / b.parts, numbers * (part + 1) / b.parts, x, dy,
                workspace + share * b.sum_floats, x_copy, x_copy + b.x_floats);
    }
#pragma omp barrier
#pragma omp for schedule(static) collapse(2)
    for (std::size_t number = 0; number < numbers; ++number) {
      for (std::size_t run = 0; run < b.runs; ++run) finish(b, number, run, workspace, dw);
    }
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
