// conv2d, CPU 3, Winograd F(4x4, 3x3): 3x3 filters with a quarter of the multiplications. (Lavin
// and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015; the interpolation points are
// 0, 1, -1, 2, -2 and infinity.)
//
// Idea: a 4x4 tile of output pixels y of one channel pair needs a 6x6 tile of input d, and
//
//   y = A^T [ (G g G^T) .* (B^T d B) ] A          .* is element by element, 36 products, not 144
//
// Channels are summed before A is applied, so for each of the 36 elements there is one matrix
// product over the channels: (tiles, C) times (C, K). Those run in the same register tile as the
// direct row. The tiles are cut into blocks whose transformed input stays in the L2 cache, and the
// filters into blocks of two vectors; the 36 products of such a pair are followed at once by the
// output transform. The transforms work on vectors of channels, which NHWC gives for nothing.
//
// Where the transformed filters do not fit in the cache, an item takes many more tiles and goes
// element by element instead of block by block, so that each filter is read from memory once an
// item; its input and products then lie in memory too.
//
// Since cpu2: the multiply-adds fall by 4; what comes instead is additions in the transforms (about
// a quarter of the time at 64 channels, less for more) and 36 / 9 times the memory of the filters.
//
// Accuracy: the terms that are really added are larger than those of the direct sum and cancel. For
// random data their absolute values sum to (sum over e of |A_ie| |G_e| |B_e| / 3)^2 times the
// direct sum's, |.| of a row being its length: 4, 4, 7 and 42 for the four rows of A. So the row's
// tolerance is 42 eps times the direct sum of |terms|; 21 was seen, at 16 channels, and less with
// more.
//
// Bounds: the multiply-adds of the 36 products; by element memory, too.
// Measured on 64 -> 64 3x3 at 56, AVX-512, one thread, counting the work of the direct sum: forward
// 142 %, dx 136 % of the multiply-add roof, 2.0 times cpu2.
#ifndef HILUM_ISA
#include "kernels/around.h"
#include "kernels/conv2d/cpu2_direct.h"
#include "kernels/conv2d/epilogue.h"
#include "kernels/conv2d/rows.h"

namespace hilum {
namespace {

constexpr std::size_t elements = 36;  // of a transformed tile

// How the work is cut. Where there are few tiles (`shared`), all of them are one block: the threads
// share its transformed input and each takes some of the filters, which then are read once in all.
// Otherwise each takes blocks of tiles and all filters.
struct WinogradCut {
  std::size_t tiles_h, tiles_w, tiles;  // of an image, of all images
  bool shared;
  std::size_t block_tiles;            // of a work item
  std::size_t channels;               // of the input, rounded up; from tile to tile
  std::size_t block, blocks;          // filters of a block: two vectors
  std::size_t block_floats;           // transformed filters of a block
  std::size_t in_floats, out_floats;  // transformed input, products
  bool by_element;                    // element by element, all filters; see above
  std::size_t filter_floats() const { return blocks * block_floats; }
};

// What a call works on.
struct WinogradOperands {
  const float *in, *filters;  // (blocks, 36, C, width) transformed
  float *buffers, *out;
  Epilogue epilogue;
  bool around = false;  // the result goes around the caches
};

}  // namespace
}  // namespace hilum

#define HILUM_THIS_FILE "kernels/conv2d/cpu3_winograd.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

WinogradCut cut(const Correlation& a, std::size_t lanes) {
  constexpr std::size_t in_bytes = 1 << 20;      // transformed input of an item: half of a large L2
  constexpr std::size_t filter_bytes = 1 << 20;  // all transformed filters, where they stay
  const auto threads = static_cast<std::size_t>(omp_get_max_threads());
  WinogradCut b{};
  b.tiles_h = ceil_div(a.out_h, 4), b.tiles_w = ceil_div(a.out_w, 4);
  b.tiles = a.n * b.tiles_h * b.tiles_w;
  b.channels = ceil_div(a.group_c, lanes) * lanes;
  b.block = 2 * lanes;
  b.blocks = ceil_div(a.group_k, b.block);
  b.block_floats = elements * a.group_c * b.block;
  b.shared = threads > 1 && b.tiles < 28 * std::min<std::size_t>(threads, 4);
  b.by_element = !b.shared && b.filter_floats() * sizeof(float) > filter_bytes;
  // As many tiles to an item as keep all threads equally busy.
  const std::size_t tile_bytes = elements * b.channels * sizeof(float);
  const std::size_t most =
      b.by_element ? 112 : std::clamp<std::size_t>(in_bytes / tile_bytes / 14 * 14, 14, 56);
  const std::size_t items = ceil_div(ceil_div(b.tiles, most), threads) * threads;
  b.block_tiles = b.shared ? b.tiles : ceil_div(b.tiles, items);
  // A tile's rows at the same place of every page of the L1 cache would drive each other out.
  if (b.channels % 512 == 0) b.channels += 16;
  b.in_floats = elements * b.block_tiles * b.channels;
  b.out_floats = elements * b.block_tiles * b.block * (b.by_element ? b.blocks : 1);
  return b;
}

// Of the buffers: zeros to read outside of the image, then what the threads write.
std::size_t buffer_floats(const WinogradCut& b) {
  const auto threads = static_cast<std::size_t>(omp_get_max_threads());
  return b.channels + (b.shared ? 1 : threads) * b.in_floats + threads * b.out_floats;
}

std::size_t workspace(const Correlation& a) {
  const WinogradCut b = cut(a, lanes_now());
  return sizeof(float) * (b.filter_floats() + buffer_floats(b));
}

void prepare(const Correlation& a, const float* w, float* filters) {
  const WinogradCut b = cut(a, lanes_now());
  HILUM_DISPATCH_ISA(winograd_filters, a, b, w, filters);
}

void multiply(const Correlation& a, WinogradOperands o) {
  const WinogradCut b = cut(a, lanes_now());
  o.around = goes_around(o.out, a.n * a.out_image, a.out_pixel, a.group_k);
  HILUM_DISPATCH_ISA(winograd, a, b, o);
}

void run(const Launch& launch, const Correlation& a, const float* in, const float* w, float* out) {
  auto* filters = static_cast<float*>(launch.workspace);
  prepare(a, w, filters);
  multiply(a, {in, filters, filters + cut(a, lanes_now()).filter_floats(), out, {}});
}

}  // namespace

const char* conv2d_why_not_cpu3(const Conv2dProblem& a) {
  if (a.r != 3 || a.s != 3) return "runs 3x3 filters only";
  if (a.stride_h != 1 || a.stride_w != 1) return "runs stride 1 only";
  if (a.dilation_h != 1 || a.dilation_w != 1) return "runs dilation 1 only";
  if (a.groups != 1) return "runs one group only";
  if (a.c < 16 || a.k < 16) return "gains nothing below 16 channels or filters";
  return nullptr;
}

std::size_t conv2d_forward_cpu3_workspace(const Conv2dProblem& a) {
  return workspace(forward_correlation(a));
}
void conv2d_forward_cpu3(const Launch& launch, const Conv2dProblem& a, const float* x,
                         const float* w, float* y) {
  run(launch, forward_correlation(a), x, w, y);
}
const char* conv2d_why_not_inference_cpu3(const Conv2dInferenceProblem& a) {
  if (const char* reason = conv2d_why_not_cpu3(a.conv)) return reason;
  if (a.conv.c * a.conv.k > 256 * 512 && a.conv.n * a.conv.p() * a.conv.q() < 14 * 14) {
    return "gains nothing where few pixels use the transformed filters";
  }
  return nullptr;
}
std::size_t conv2d_inference_cpu3_workspace(const Conv2dInferenceProblem& a) {
  return sizeof(float) * buffer_floats(cut(inference_correlation(a), lanes_now()));
}
std::size_t conv2d_inference_cpu3_filters(const Conv2dInferenceProblem& a) {
  return cut(inference_correlation(a), lanes_now()).filter_floats();
}
void conv2d_inference_cpu3_prepare(const Conv2dInferenceProblem& a, const float* w,
                                   float* prepared) {
  prepare(inference_correlation(a), w, prepared);
}
void conv2d_inference_cpu3(const Launch& launch, const Conv2dInferenceProblem& a, const float* x,
                           const float* w, const float* bias, const float* residual, float* y) {
  multiply(inference_correlation(a),
           {x, w, static_cast<float*>(launch.workspace), y, {bias, residual, a.activation}});
}

std::size_t conv2d_backward_data_cpu3_workspace(const Conv2dProblem& a) {
  return workspace(backward_data_correlation(a));
}
void conv2d_backward_data_cpu3(const Launch& launch, const Conv2dProblem& a, const float* w,
                               const float* dy, float* dx) {
  run(launch, backward_data_correlation(a), dy, w, dx);
}

}  // namespace hilum

#else
#include "kernels/conv2d/cpu2_direct_tile.h"
#include "kernels/conv2d/cpu3_winograd_transforms.h"

namespace hilum::HILUM_ISA {
// Without a name; see cpu2_direct_tile.h.
namespace {

// Filters of a block, transformed: to (36, C, width) for input channels [c0, c1).
void transform_filters(const Correlation& a, std::size_t first, std::size_t count,
                       std::size_t width, std::size_t c0, std::size_t c1, const float* w,
                       float* to) {
  for (std::size_t c = c0; c < c1; ++c) {
    const float* channel = w + a.filter_base + static_cast<std::ptrdiff_t>(c) * a.filter_c;
    for (std::size_t lane = 0; lane < width; lane += lanes) {
      float taps[9][lanes] = {};  // (3, 3, lanes)
      for (std::ptrdiff_t tap = 0; tap < 9; ++tap) {
        const float* from = channel + tap / 3 * a.filter_i + tap % 3 * a.filter_j;
        for (std::size_t k = 0; k < lanes && lane + k < count; ++k) {
          taps[tap][k] = from[static_cast<std::ptrdiff_t>(first + lane + k) * a.filter_k];
        }
      }
      Vec g[9], half[18], u[36];  // (3, 3), (6, 3), (6, 6) of one vector of filters
      for (std::size_t i = 0; i < 9; ++i) g[i] = load(taps[i]);
      for (std::size_t j = 0; j < 3; ++j) filter_transform(g + j, 3, half + j, 3);
      for (std::size_t i = 0; i < 6; ++i) filter_transform(half + 3 * i, 1, u + 6 * i, 1);
      for (std::size_t e = 0; e < elements; ++e) {
        store(to + (e * a.group_c + c) * width + lane, u[e]);
      }
    }
  }
}

// The products (36, block_tiles, width) of one tile, turned into 4x4 output pixels of `count`
// filters from k0 on and written where they lie within the image.
void transform_output(const Correlation& a, const WinogradCut& b, const TilePlace& place,
                      std::size_t k0, std::size_t count, std::size_t width, const float* from,
                      const WinogradOperands& o) {
  for (std::size_t k = 0; k < count; k += lanes) {
    Vec m[elements], half[24], y[16];  // (6, 6), (4, 6), (4, 4) of one vector of filters
    for (std::size_t e = 0; e < elements; ++e) m[e] = load(from + e * b.block_tiles * width + k);
    for (std::size_t j = 0; j < 6; ++j) output_transform(m + j, 6, half + j, 6);
    for (std::size_t i = 0; i < 4; ++i) output_transform(half + 6 * i, 1, y + 4 * i, 1);
    const std::size_t left = count - k < lanes ? count - k : lanes;
    for (std::size_t i = 0; i < 4 && place.p + i < a.out_h; ++i) {
      for (std::size_t j = 0; j < 4 && place.q + j < a.out_w; ++j) {
        const std::size_t p = place.p + i, q = place.q + j;
        const std::size_t pixel = (place.n * a.out_h + p) * a.out_w + q;
        float* to = o.out + place.n * a.out_image + p * a.out_row + q * a.out_pixel + k0 + k;
        const Vec value = finish(o.epilogue, y[4 * i + j], k0 + k, pixel, a.group_k, left);
        if (o.around) {
          store_around(to, value);
        } else {
          store_first(to, value, left);
        }
      }
    }
  }
}

// Input tiles [first, first + count) to lines from, from + 1, ... of (36, block_tiles, channels).
void transform_tiles(const Correlation& a, const WinogradCut& b, std::size_t first,
                     std::size_t count, const float* in, const float* zeros, float* transformed) {
  for (std::size_t t = 0; t < count; ++t) {
    const TilePlace place(b.tiles_h, b.tiles_w, first + t);
    transform_input(in + place.n * a.in_h * a.in_w * a.group_c, a.in_h, a.in_w, a.group_c,
                    static_cast<std::ptrdiff_t>(place.p) - a.pad_h,
                    static_cast<std::ptrdiff_t>(place.q) - a.pad_w, zeros,
                    transformed + t * b.channels, b.block_tiles * b.channels);
  }
}

// A block of filters.
struct FilterBlock {
  std::size_t index, first, count, width;

  FilterBlock(const Correlation& a, const WinogradCut& b, std::size_t block)
      : index(block), first(block * b.block) {
    count = a.group_k - first < b.block ? a.group_k - first : b.block;
    width = count <= lanes ? lanes : 2 * lanes;
  }
};

// Element e of the products (36, block_tiles, width) of `tiles` transformed tiles and a block.
void multiply_element(const Correlation& a, const WinogradCut& b, std::size_t tiles,
                      const FilterBlock& block, std::size_t e, const float* transformed,
                      const float* filters, float* products) {
  const Tile* tile_of = tiles_of<false>(block.width / lanes);
  const Taps taps = {1, 0, 1, 0, a.group_c};
  const std::size_t groups = (tiles + tile_m - 1) / tile_m;
  const float* left = transformed + e * b.block_tiles * b.channels;  // (tiles, channels)
  const float* right = filters + block.index * b.block_floats + e * a.group_c * block.width;
  float* to = products + e * b.block_tiles * block.width;  // (tiles, width)
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t begin = tiles * g / groups, end = tiles * (g + 1) / groups;
    tile_of[end - begin - 1](taps, left + begin * b.channels, b.channels, right,
                             to + begin * block.width, block.width, block.width, {});
  }
}

// Output tiles first, first + 1, ... of a block from their products.
void transform_products(const Correlation& a, const WinogradCut& b, std::size_t first,
                        std::size_t tiles, const FilterBlock& block, const float* products,
                        const WinogradOperands& o) {
  for (std::size_t t = 0; t < tiles; ++t) {
    transform_output(a, b, TilePlace(b.tiles_h, b.tiles_w, first + t), block.first, block.count,
                     block.width, products + t * block.width, o);
  }
}

// One work item, or with `shared` a share of it: blocks [begin, end) of filters for `tiles`
// transformed tiles that stand for tiles first, first + 1, ...
void multiply_blocks(const Correlation& a, const WinogradCut& b, std::size_t first,
                     std::size_t tiles, std::size_t begin, std::size_t end,
                     const float* transformed, float* products, const WinogradOperands& o) {
  const std::size_t kept = b.by_element ? elements * b.block_tiles * b.block : 0;
  const auto multiply = [&](std::size_t block, std::size_t e) {
    multiply_element(a, b, tiles, FilterBlock(a, b, block), e, transformed, o.filters,
                     products + block * kept);
  };
  const auto write = [&](std::size_t block) {
    transform_products(a, b, first, tiles, FilterBlock(a, b, block), products + block * kept, o);
  };
  if (b.by_element) {
    for (std::size_t e = 0; e < elements; ++e) {
      for (std::size_t block = begin; block < end; ++block) multiply(block, e);
    }
    for (std::size_t block = begin; block < end; ++block) write(block);
    return;
  }
  for (std::size_t block = begin; block < end; ++block) {
    for (std::size_t e = 0; e < elements; ++e) multiply(block, e);
    write(block);
  }
}

void winograd_filters(const Correlation& a, const WinogradCut& b, const float* w, float* filters) {
  constexpr std::size_t c_step = 16;
  const std::size_t c_steps = (a.group_c + c_step - 1) / c_step;
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < b.blocks * c_steps; ++i) {
    const std::size_t block = i / c_steps, c0 = i % c_steps * c_step;
    const std::size_t k0 = block * b.block;
    const std::size_t count = a.group_k - k0 < b.block ? a.group_k - k0 : b.block;
    transform_filters(a, k0, count, count <= lanes ? lanes : 2 * lanes, c0,
                      c0 + c_step < a.group_c ? c0 + c_step : a.group_c, w,
                      filters + block * b.block_floats);
  }
}

void winograd(const Correlation& a, const WinogradCut& b, const WinogradOperands& o) {
  const float* zeros = o.buffers;
  __builtin_memset(o.buffers, 0, b.channels * sizeof(float));
  float* buffers = o.buffers + b.channels;
  const std::size_t blocks = b.shared ? b.blocks : (b.tiles + b.block_tiles - 1) / b.block_tiles;
  Work work(blocks);  // of filters, or of tiles
#pragma omp parallel
  {
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    if (b.shared) {
#pragma omp for schedule(static)
      for (std::size_t t = 0; t < b.tiles; ++t) {
        transform_tiles(a, b, t, 1, o.in, zeros, buffers + t * b.channels);
      }
      for (std::size_t block = 0; work.next(block);) {
        multiply_blocks(a, b, 0, b.tiles, block, block + 1, buffers,
                        buffers + b.in_floats + thread * b.out_floats, o);
      }
    } else {
      float* transformed = buffers + thread * (b.in_floats + b.out_floats);
      for (std::size_t block = 0; work.next(block);) {
        const std::size_t first = block * b.block_tiles;
        const std::size_t tiles = b.tiles - first < b.block_tiles ? b.tiles - first : b.block_tiles;
        transform_tiles(a, b, first, tiles, o.in, zeros, transformed);
        multiply_blocks(a, b, first, tiles, 0, b.blocks, transformed, transformed + b.in_floats, o);
      }
    }
    if (o.around) finish_around();
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
