// conv2d, CPU 2, direct: backward_weight of 1x1 filters, the matrix product
//
//   dw[k,c] = sum over the output pixels of  dy[pixel,k] * x[the pixel that it read, c]
//
// Idea: as in cpu2_direct_weight.cpp a tile of dw stays in registers while the pixels of a block
// pass by; here M filters times V vectors of channels, so that the sums lie as dw does. A 1x1
// filter uses each value that was read only C + K times, so what counts is that reading never
// waits:
//   - a work item is a rectangle of dw small enough that its sums stay in the L2 cache, for a share
//     of the pixels; shares are equally large, added up in order at the end, and their number
//     follows from the problem, so the bits do not follow the number of threads;
//   - a block of pixels stays in the L2 cache while all tiles pass over it, and is read from where
//   it
//     lies: a step of the inner loop takes three lines, however far apart, and asks for those that
//     it will need eight steps later. Only x with a stride or a ragged number of channels is
//     copied;
//   - meanwhile each step asks for one line of the next block.
//
// Bounds: the multiply-adds.
#ifndef HILUM_ISA
#include <utility>

#include "kernels/conv2d/cpu2_direct.h"

namespace hilum {
namespace {

constexpr std::size_t most_pixels = 192;           // of a block
constexpr std::size_t most_c = 256, most_k = 256;  // of an item: their sums are 256 KiB
constexpr std::size_t wanted_items = 16;

struct ProductCut {
  Conv2dProblem a;
  std::size_t pixels;                // of y
  std::size_t shares, share, block;  // number of shares; pixels of one, of a block
  std::size_t m;                     // filters of a tile
  std::size_t tiles, panels;         // of dw: tiles of m filters, panels of 2*lanes channels
  std::size_t parts_k, parts_c;      // rectangles of dw
  std::size_t part_k, part_c;        // tiles and panels of one
  std::size_t sum_floats;            // of a share: (tiles, panels, m, 2*lanes)
  bool copied;                       // x, to (panels, block, 2*lanes) in a thread's hands
  std::size_t copy_floats;
};

}  // namespace
}  // namespace hilum

#define HILUM_THIS_FILE "kernels/conv2d/cpu2_direct_weight_product.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

ProductCut cut(const Conv2dProblem& a, std::size_t lanes) {
  ProductCut b{};
  b.a = a;
  b.pixels = a.n * a.p() * a.q();
  b.m = ceil_div(a.k, ceil_div(a.k, tile_m_of(lanes)));
  b.tiles = ceil_div(a.k, b.m);
  b.panels = ceil_div(a.c, 2 * lanes);
  b.parts_k = ceil_div(a.k, most_k);
  b.parts_c = ceil_div(a.c, most_c);
  b.part_k = ceil_div(b.tiles, b.parts_k);
  b.part_c = ceil_div(b.panels, b.parts_c);
  b.parts_k = ceil_div(b.tiles, b.part_k);
  b.parts_c = ceil_div(b.panels, b.part_c);
  const std::size_t most = std::max<std::size_t>(b.pixels / (2 * most_pixels), 1);
  b.shares = std::clamp<std::size_t>(ceil_div(wanted_items, b.parts_c * b.parts_k), 1, most);
  b.share = ceil_div(b.pixels, b.shares);
  b.shares = ceil_div(b.pixels, b.share);
  b.block = ceil_div(b.share, ceil_div(b.share, most_pixels));
  b.sum_floats = b.tiles * b.panels * b.m * 2 * lanes;
  b.copied = a.stride_h != 1 || a.stride_w != 1 || a.c % lanes != 0;
  b.copy_floats = b.copied ? b.part_c * b.block * 2 * lanes : 0;
  return b;
}

}  // namespace

bool is_product(const Conv2dProblem& a) {
  return a.r == 1 && a.s == 1 && a.groups == 1 && a.pad_h == 0 && a.pad_w == 0;
}

std::size_t backward_weight_product_workspace(const Conv2dProblem& a) {
  const ProductCut b = cut(a, lanes_now());
  return sizeof(float) * (b.shares * b.sum_floats +
                          static_cast<std::size_t>(omp_get_max_threads()) * b.copy_floats);
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

constexpr std::size_t panel_c = 2 * lanes;  // channels of a panel

// Cache lines to ask for: runs of `lines` of them, `pitch` floats from one run to the next.
struct Ahead {
  const float* at;
  std::size_t lines, pitch, runs;
};

// sums (M, V*lanes) += the first M floats of the rows of dy, transposed, times the first V*lanes of
// those of x.
template <std::size_t V, std::size_t M>
void tile(std::size_t pixels, const float* dy, std::size_t dy_pitch, const float* x,
          std::size_t x_pitch, float* sums, Ahead& ahead) {
  Vec sum[M][V] = {};  // (M, V*lanes) of dw, in registers
  const float* soon = ahead.at;
  std::size_t left = ahead.lines;
  for (std::size_t i = 0; i < pixels; ++i, dy += dy_pitch, x += x_pitch) {
    __builtin_prefetch(soon);
    soon += 16;
    if (--left == 0) {
      left = ahead.lines;
      soon += ahead.pitch - 16 * ahead.lines;
    }
    __builtin_prefetch(dy + 8 * dy_pitch);
    for (std::size_t v = 0; v < V; ++v) __builtin_prefetch(x + 8 * x_pitch + v * lanes);
    add_outer_product<V, M>(sum, dy, x);
  }
  add_tile<V, M>(sum, sums);
  // The next tile goes on with whole runs.
  const std::size_t done = smaller(pixels / ahead.lines, ahead.runs);
  ahead.at += done * ahead.pitch;
  ahead.runs -= done;
}

using Tile = void (*)(std::size_t, const float*, std::size_t, const float*, std::size_t, float*,
                      Ahead&);

// tile<V, 1> ... tile<V, tile_m>, by M - 1.
template <std::size_t V, class = std::make_index_sequence<tile_m> >
struct Tiles;
template <std::size_t V, std::size_t... M>
struct Tiles<V, std::index_sequence<M...> > {
  static constexpr Tile of[] = {tile<V, M + 1>...};
};

// A work item: tiles [tile0, tile1) of filters and panels [panel0, panel1) of channels of dw, and
// pixels [begin, end) of y.
struct Item {
  std::size_t share, tile0, tile1, panel0, panel1, begin, end;

  Item(const ProductCut& b, std::size_t index) {
    const std::size_t k = index % b.parts_k, c = index / b.parts_k % b.parts_c;
    share = index / (b.parts_k * b.parts_c);
    tile0 = k * b.part_k, tile1 = smaller(tile0 + b.part_k, b.tiles);
    panel0 = c * b.part_c, panel1 = smaller(panel0 + b.part_c, b.panels);
    begin = share * b.share, end = smaller(begin + b.share, b.pixels);
  }
};

// Lanes of a panel: two registers, or one where that is enough for what is left.
std::size_t width_of(const ProductCut& b, std::size_t panel) {
  return b.a.c - panel * panel_c <= lanes ? lanes : panel_c;
}

float* sums_of(const ProductCut& b, float* sums, std::size_t tile, std::size_t panel) {
  return sums + (tile * b.panels + panel) * b.m * panel_c;
}

// The x pixel that an output pixel reads.
const float* pixel_of(const Conv2dProblem& a, const float* x, std::size_t pixel) {
  if (a.stride_h == 1 && a.stride_w == 1) return x + pixel * a.c;
  const std::size_t q = a.q(), p = a.p();
  const std::size_t n = pixel / (p * q), row = pixel / q % p, column = pixel % q;
  return x + ((n * a.h + row * a.stride_h) * a.w + column * a.stride_w) * a.c;
}

// To (panels, block, width of the panel).
void copy_x(const ProductCut& b, const Item& item, std::size_t first, std::size_t pixels,
            const float* x, float* to) {
  for (std::size_t i = 0; i < pixels; ++i) {
    const float* from = pixel_of(b.a, x, first + i);
    float* panel_to = to;
    for (std::size_t panel = item.panel0; panel < item.panel1; ++panel) {
      const std::size_t c = panel * panel_c, left = b.a.c - c;
      if (left <= lanes) {
        store(panel_to + i * lanes, load_first(from + c, left));
      } else {
        store(panel_to + i * panel_c, load(from + c));
        store(panel_to + i * panel_c + lanes,
              load_first(from + c + lanes, smaller(left - lanes, lanes)));
      }
      panel_to += b.block * panel_c;
    }
  }
}

void add_block(const ProductCut& b, const Item& item, std::size_t pixels, const float* x,
               const float* x_copy, const float* dy, float* sums, Ahead x_ahead, Ahead dy_ahead) {
  for (std::size_t panel = item.panel0; panel < item.panel1; ++panel) {
    const std::size_t width = width_of(b, panel);
    const Tile* tile_of = width == lanes ? Tiles<1>::of : Tiles<2>::of;
    const float* from =
        b.copied ? x_copy + (panel - item.panel0) * b.block * panel_c : x + panel * panel_c;
    for (std::size_t tile = item.tile0; tile < item.tile1; ++tile) {
      const std::size_t k = tile * b.m;
      tile_of[smaller(b.m, b.a.k - k) - 1](pixels, dy + k, b.a.k, from, b.copied ? width : b.a.c,
                                           sums_of(b, sums, tile, panel),
                                           x_ahead.runs != 0 ? x_ahead : dy_ahead);
    }
  }
}

void add_item(const ProductCut& b, const Item& item, const float* x, const float* dy, float* sums,
              float* x_copy) {
  const Conv2dProblem& a = b.a;
  const std::size_t c0 = item.panel0 * panel_c, k0 = item.tile0 * b.m;
  const std::size_t c_count = smaller(item.panel1 * panel_c, a.c) - c0;
  const std::size_t k_count = smaller(item.tile1 * b.m, a.k) - k0;
  for (std::size_t tile = item.tile0; tile < item.tile1; ++tile) {
    __builtin_memset(sums_of(b, sums, tile, item.panel0), 0,
                     (item.panel1 - item.panel0) * b.m * panel_c * sizeof(float));
  }
  for (std::size_t first = item.begin; first < item.end; first += b.block) {
    const std::size_t pixels = smaller(b.block, item.end - first);
    if (b.copied) copy_x(b, item, first, pixels, x, x_copy);
    // The next item begins where this one did, in other filters.
    const std::size_t next = first + b.block < item.end ? first + b.block : item.begin;
    add_block(b, item, pixels, pixel_of(a, x, first), x_copy, dy + first * a.k, sums,
              {pixel_of(a, x, next) + c0, (c_count + 15) / 16, a.stride_w * a.c, b.block},
              {dy + next * a.k + k0, (k_count + 15) / 16, a.k, b.block});
  }
}

// dw of a tile of filters: adds the shares' sums in order.
void finish(const ProductCut& b, std::size_t tile, float* sums, float* dw) {
  for (std::size_t panel = 0; panel < b.panels; ++panel) {
    const float* from = sums_of(b, sums, tile, panel);
    const std::size_t width = width_of(b, panel);
    for (std::size_t k = tile * b.m; k < smaller((tile + 1) * b.m, b.a.k); ++k) {
      for (std::size_t lane = 0; lane < width; lane += lanes, from += lanes) {
        const std::size_t c = panel * panel_c + lane;
        Vec all = load(from);
        for (std::size_t share = 1; share < b.shares; ++share) {
          all += load(from + share * b.sum_floats);
        }
        store_first(dw + k * b.a.c + c, all, smaller(b.a.c - c, lanes));
      }
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
    float* x_copy = copies + static_cast<std::size_t>(omp_get_thread_num()) * b.copy_floats;
    for (std::size_t index = 0; work.next(index);) {
      const Item item(b, index);
      add_item(b, item, x, dy, workspace + item.share * b.sum_floats, x_copy);
    }
#pragma omp barrier
#pragma omp for schedule(static)
    for (std::size_t tile = 0; tile < b.tiles; ++tile) finish(b, tile, workspace, dw);
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
