// conv2d, CPU 2, direct: backward_weight of 1x1 filters, the matrix product
//
//   dw[k,c] = sum over the output pixels of  dy[pixel,k] * x[the pixel that it read, c]
//
// Idea: as in cpu2_direct_weight.cpp a tile of dw, M channels times V vectors of filters, stays in
// registers while the pixels of a block pass by. A 1x1 filter uses each value that was read only
// C + K times, so what counts here is that reading never waits:
//   - a work item is a rectangle of dw small enough that its sums stay in the L2 cache, for a share
//     of the pixels; shares are added up in order at the end, and their number follows from the
//     problem, so the bits do not follow the number of threads;
//   - a block of pixels is copied so that a tile reads it densely: x to planes of M channels, dy to
//     panels of V vectors;
//   - while a block is worked on, each step of the inner loop asks for one cache line of the next.
//
// Bounds: the multiply-adds. Strides cost nothing: pixels that are not read are not copied.
#ifndef HILUM_ISA
#include <utility>

#include "kernels/conv2d/cpu2_direct.h"

namespace hilum {
namespace {

constexpr std::size_t block_pixels = 128;  // their dy panel, 16 KiB, is half of a small L1 cache
constexpr std::size_t most_c = 384, most_k = 192;  // of an item: their sums are 288 KiB
constexpr std::size_t wanted_items = 16;

struct ProductCut {
  Conv2dProblem a;
  std::size_t pixels;               // of y
  std::size_t shares, share;        // number of shares, pixels of a share
  std::size_t parts_c, parts_k;     // rectangles of dw
  std::size_t part_c, part_k;       // channels and filters of one
  std::size_t sum_floats;           // of a share
  std::size_t x_floats, dy_floats;  // copies in a thread's hands
};

}  // namespace
}  // namespace hilum

#define HILUM_THIS_FILE "kernels/conv2d/cpu2_direct_weight_product.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

// A plane of x: M channels of a block of pixels, and room for what a register writes too much.
std::size_t plane_floats(std::size_t lanes) { return block_pixels * tile_m_of(lanes) + 16; }

ProductCut cut(const Conv2dProblem& a, std::size_t lanes) {
  ProductCut b{};
  b.a = a;
  b.pixels = a.n * a.p() * a.q();
  const std::size_t m = tile_m_of(lanes);
  b.part_c = ceil_div(ceil_div(a.c, ceil_div(a.c, most_c)), m) * m;
  b.part_k = ceil_div(ceil_div(a.k, ceil_div(a.k, most_k)), 2 * lanes) * 2 * lanes;
  b.parts_c = ceil_div(a.c, b.part_c);
  b.parts_k = ceil_div(a.k, b.part_k);
  const std::size_t most = std::max<std::size_t>(b.pixels / (2 * block_pixels), 1);
  b.shares = std::clamp<std::size_t>(ceil_div(wanted_items, b.parts_c * b.parts_k), 1, most);
  b.share = ceil_div(ceil_div(b.pixels, b.shares), block_pixels) * block_pixels;
  b.shares = ceil_div(b.pixels, b.share);
  b.sum_floats = ceil_div(a.k, 2 * lanes) * 2 * lanes * a.c;
  b.x_floats = b.part_c / m * plane_floats(lanes);
  b.dy_floats = block_pixels * b.part_k;
  return b;
}

}  // namespace

bool is_product(const Conv2dProblem& a) {
  return a.r == 1 && a.s == 1 && a.groups == 1 && a.pad_h == 0 && a.pad_w == 0;
}

std::size_t backward_weight_product_workspace(const Conv2dProblem& a) {
  const ProductCut b = cut(a, lanes_now());
  return sizeof(float) *
         (b.shares * b.sum_floats +
          static_cast<std::size_t>(omp_get_max_threads()) * (b.x_floats + b.dy_floats));
}

void backward_weight_product(const Launch& launch, const Conv2dProblem& a, const float* x,
                             const float* dy, float* dw) {
  const ProductCut b = cut(a, lanes_now());
  HILUM_DISPATCH_ISA(weight_product, b, static_cast<float*>(launch.workspace), x, dy, dw);
}

}  // namespace hilum

#else
#include "kernels/conv2d/cpu2_direct_weight_tile.h"

namespace hilum::HILUM_ISA {
// Without a name, because other files have a Tiles too and the linker would merge them.
namespace {

constexpr std::size_t plane = block_pixels * tile_m + 16;

// Cache lines to ask for: runs of `lines` of them, `pitch` floats from one run to the next.
struct Ahead {
  const float* at;
  std::size_t lines, pitch, runs;
};

// sums (M, V*lanes) += x (pixels, tile_m) transposed times dy (pixels, V*lanes).
template <std::size_t V, std::size_t M>
void tile(std::size_t pixels, const float* x, const float* dy, float* sums, Ahead& ahead) {
  Vec sum[M][V] = {};  // (M, V*lanes) of dw, in registers
  const float* soon = ahead.at;
  std::size_t left = ahead.lines;
  for (std::size_t i = 0; i < pixels; ++i, x += tile_m, dy += V * lanes) {
    __builtin_prefetch(soon, 0, 2);
    soon += 16;
    if (--left == 0) {
      left = ahead.lines;
      soon += ahead.pitch - 16 * ahead.lines;
    }
    add_outer_product<V, M>(sum, x, dy);
  }
  add_tile<V, M>(sum, sums);
  // The next tile goes on with whole runs.
  const std::size_t done = smaller(pixels / ahead.lines, ahead.runs);
  ahead.at += done * ahead.pitch;
  ahead.runs -= done;
}

using Tile = void (*)(std::size_t, const float*, const float*, float*, Ahead&);

// tile<V, 1> ... tile<V, tile_m>, by M - 1.
template <std::size_t V, class = std::make_index_sequence<tile_m> >
struct Tiles;
template <std::size_t V, std::size_t... M>
struct Tiles<V, std::index_sequence<M...> > {
  static constexpr Tile of[] = {tile<V, M + 1>...};
};

// A work item: channels [c0, c1), filters [k0, k1) of dw, pixels [begin, end) of y.
struct Item {
  std::size_t c0, c1, k0, k1, begin, end, share;

  Item(const ProductCut& b, std::size_t index) {
    const std::size_t k = index % b.parts_k, c = index / b.parts_k % b.parts_c;
    share = index / (b.parts_k * b.parts_c);
    c0 = c * b.part_c, c1 = smaller(c0 + b.part_c, b.a.c);
    k0 = k * b.part_k, k1 = smaller(k0 + b.part_k, b.a.k);
    begin = share * b.share, end = smaller(begin + b.share, b.pixels);
  }
};

// The x pixel that an output pixel reads.
const float* pixel_of(const Conv2dProblem& a, const float* x, std::size_t pixel) {
  if (a.stride_h == 1 && a.stride_w == 1) return x + pixel * a.c;
  const std::size_t q = a.q(), p = a.p();
  const std::size_t n = pixel / (p * q), row = pixel / q % p, column = pixel % q;
  return x + ((n * a.h + row * a.stride_h) * a.w + column * a.stride_w) * a.c;
}

void copy_x(const ProductCut& b, const Item& item, std::size_t first, std::size_t pixels,
            const float* x, float* to) {
  for (std::size_t i = 0; i < pixels; ++i, to += tile_m) {
    const float* from = pixel_of(b.a, x, first + i);
    float* plane_to = to;
    for (std::size_t c = item.c0; c < item.c1; c += tile_m, plane_to += plane) {
      __builtin_prefetch(plane_to + 4 * tile_m, 1);
      // A whole register: what is too much is overwritten by the next pixel.
      store(plane_to, load_partial(from + c, smaller(tile_m, item.c1 - c)));
    }
  }
}

void copy_dy(const ProductCut& b, const Item& item, std::size_t first, std::size_t pixels,
             const float* dy, float* to) {
  constexpr std::size_t panel = block_pixels * 2 * lanes;
  for (std::size_t i = 0; i < pixels; ++i) {
    const float* from = dy + (first + i) * b.a.k;
    float* panel_to = to;
    for (std::size_t k = item.k0; k < item.k1; k += 2 * lanes, panel_to += panel) {
      const std::size_t left = item.k1 - k;
      if (left <= lanes) {  // a panel of one vector
        store(panel_to + i * lanes, load_first(from + k, left));
        continue;
      }
      store(panel_to + i * 2 * lanes, load(from + k));
      store(panel_to + (2 * i + 1) * lanes,
            load_first(from + k + lanes, smaller(left - lanes, lanes)));
    }
  }
}

// Sums lie as (blocks of 2*lanes filters, C, filters of the block).
void add_item(const ProductCut& b, const Item& item, const float* x, const float* dy, float* sums,
              float* x_copy, float* dy_copy) {
  const Conv2dProblem& a = b.a;
  const std::size_t c_count = item.c1 - item.c0;
  for (std::size_t k = item.k0; k < item.k1; k += 2 * lanes) {
    const std::size_t width = item.k1 - k <= lanes ? lanes : 2 * lanes;
    __builtin_memset(sums + k * a.c + item.c0 * width, 0, c_count * width * sizeof(float));
  }
  for (std::size_t first = item.begin; first < item.end; first += block_pixels) {
    const std::size_t pixels = smaller(block_pixels, item.end - first);
    copy_x(b, item, first, pixels, x, x_copy);
    copy_dy(b, item, first, pixels, dy, dy_copy);
    const std::size_t next = first + block_pixels < item.end ? first + block_pixels : item.begin;
    Ahead x_ahead = {pixel_of(a, x, next) + item.c0, (c_count + 15) / 16, a.stride_w * a.c,
                     block_pixels};
    Ahead dy_ahead = {dy + next * a.k + item.k0, (item.k1 - item.k0 + 15) / 16, a.k, block_pixels};
    const float* panel = dy_copy;
    for (std::size_t k = item.k0; k < item.k1; k += 2 * lanes) {
      const bool narrow = item.k1 - k <= lanes;
      const std::size_t width = narrow ? lanes : 2 * lanes;
      const Tile* tile_of = narrow ? Tiles<1>::of : Tiles<2>::of;
      const float* x_plane = x_copy;
      for (std::size_t c = item.c0; c < item.c1; c += tile_m, x_plane += plane) {
        tile_of[smaller(tile_m, item.c1 - c) - 1](pixels, x_plane, panel,
                                                  sums + k * a.c + c * width,
                                                  x_ahead.runs != 0 ? x_ahead : dy_ahead);
      }
      panel += block_pixels * 2 * lanes;
    }
  }
}

// dw of a block of filters and a few channels: adds the shares' sums in order and turns (channel,
// filter) into (filter, channel).
void finish(const ProductCut& b, std::size_t k, const float* sums, float* dw) {
  constexpr std::size_t few = 16;
  const std::size_t count = smaller(2 * lanes, b.a.k - k),
                    width = count <= lanes ? lanes : 2 * lanes;
  float total[few][2 * lanes];
  for (std::size_t c0 = 0; c0 < b.a.c; c0 += few) {
    const std::size_t channels = smaller(few, b.a.c - c0);
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t lane = 0; lane < width; lane += lanes) {
        const float* from = sums + k * b.a.c + (c0 + c) * width + lane;
        Vec all = load(from);
        for (std::size_t share = 1; share < b.shares; ++share) {
          all += load(from + share * b.sum_floats);
        }
        store(&total[c][lane], all);
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      float* to = dw + (k + i) * b.a.c + c0;
      for (std::size_t c = 0; c < channels; ++c) to[c] = total[c][i];
    }
  }
}

void weight_product(const ProductCut& b, float* workspace, const float* x, const float* dy,
                    float* dw) {
  const std::size_t items = b.shares * b.parts_c * b.parts_k;
  float* copies = workspace + b.shares * b.sum_floats;
  Work work(items);
#pragma omp parallel
  {
    float* x_copy =
        copies + static_cast<std::size_t>(omp_get_thread_num()) * (b.x_floats + b.dy_floats);
    for (std::size_t index = 0; work.next(index);) {
      const Item item(b, index);
      add_item(b, item, x, dy, workspace + item.share * b.sum_floats, x_copy, x_copy + b.x_floats);
    }
#pragma omp barrier
#pragma omp for schedule(static)
    for (std::size_t k = 0; k < b.a.k; k += 2 * lanes) finish(b, k, workspace, dw);
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
