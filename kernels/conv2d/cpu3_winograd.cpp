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
#include "kernels/conv2d/cpu2_direct.h"
#include "kernels/conv2d/rows.h"

namespace hilum {
namespace {

constexpr std::size_t elements = 36;  // of a transformed tile

// How the work is cut.
struct WinogradCut {
  std::size_t tiles_h, tiles_w, tiles;  // of an image, of all images
  std::size_t block_tiles;              // of a work item
  std::size_t channels;                 // of the input, rounded up; from tile to tile
  std::size_t block, blocks;            // filters of a block: two vectors
  std::size_t block_floats;             // transformed filters of a block
  std::size_t in_floats, out_floats;    // of a thread: transformed input, products
  bool by_element;                      // element by element, all filters; see above
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
  WinogradCut b{};
  b.tiles_h = ceil_div(a.out_h, 4), b.tiles_w = ceil_div(a.out_w, 4);
  b.tiles = a.n * b.tiles_h * b.tiles_w;
  b.channels = ceil_div(a.group_c, lanes) * lanes;
  b.block = 2 * lanes;
  b.blocks = ceil_div(a.group_k, b.block);
  b.block_floats = elements * a.group_c * b.block;
  b.by_element = b.blocks * b.block_floats * sizeof(float) > filter_bytes;
  if (b.by_element) {
    const auto threads = static_cast<std::size_t>(omp_get_max_threads());
    b.block_tiles = std::clamp<std::size_t>(ceil_div(ceil_div(b.tiles, threads), 14) * 14, 14, 112);
  } else {
    const std::size_t tile_bytes = elements * b.channels * sizeof(float);
    b.block_tiles = std::clamp<std::size_t>(in_bytes / tile_bytes / 14 * 14, 14, 56);
  }
  // A tile's rows at the same place of every page of the L1 cache would drive each other out.
  if (b.channels % 512 == 0) b.channels += 16;
  b.in_floats = elements * b.block_tiles * b.channels;
  b.out_floats = elements * b.block_tiles * b.block * (b.by_element ? b.blocks : 1);
  return b;
}

std::size_t workspace(const Correlation& a) {
  const WinogradCut b = cut(a, lanes_now());
  return sizeof(float) *
         (b.blocks * b.block_floats + b.channels +
          static_cast<std::size_t>(omp_get_max_threads()) * (b.in_floats + b.out_floats));
}

void run(const Launch& launch, const Correlation& a, const float* in, const float* w, float* out) {
  const WinogradCut b = cut(a, lanes_now());
  HILUM_DISPATCH_ISA(winograd, a, b, static_cast<float*>(launch.workspace), in, w, out);
}

}  // namespace

const char* conv2d_why_not_cpu3_weight(const Conv2dProblem& a) {
  if (a.r != 3 || a.s != 3) return "runs 3x3 filters only";
  if (a.stride_h != 1 || a.stride_w != 1) return "runs stride 1 only";
  if (a.dilation_h != 1 || a.dilation_w != 1) return "runs dilation 1 only";
  if (a.groups != 1) return "runs one group only";
  if (a.c < 16 || a.k < 16) return "gains nothing below 16 channels or filters";
  return nullptr;
}

const char* conv2d_why_not_cpu3(const Conv2dProblem& a) { return conv2d_why_not_cpu3_weight(a); }

std::size_t conv2d_forward_cpu3_workspace(const Conv2dProblem& a) {
  return workspace(forward_correlation(a));
}
void conv2d_forward_cpu3(const Launch& launch, const Conv2dProblem& a, const float* x,
                         const float* w, float* y) {
  run(launch, forward_correlation(a), x, w, y);
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
// filters and written where they lie within the image.
void transform_output(const Correlation& a, const WinogradCut& b, const TilePlace& place,
                      std::size_t count, std::size_t width, const float* from, float* out) {
  for (std::size_t k = 0; k < count; k += lanes) {
    Vec m[elements], half[24], y[16];  // (6, 6), (4, 6), (4, 4) of one vector of filters
    for (std::size_t e = 0; e < elements; ++e) m[e] = load(from + e * b.block_tiles * width + k);
    for (std::size_t j = 0; j < 6; ++j) output_transform(m + j, 6, half + j, 6);
    for (std::size_t i = 0; i < 4; ++i) output_transform(half + 6 * i, 1, y + 4 * i, 1);
    const std::size_t left = count - k;
    for (std::size_t i = 0; i < 4 && place.p + i < a.out_h; ++i) {
      for (std::size_t j = 0; j < 4 && place.q + j < a.out_w; ++j) {
        float* to = out + place.n * a.out_image + (place.p + i) * a.out_row +
                    (place.q + j) * a.out_pixel + k;
        if (left >= lanes) {
          store(to, y[4 * i + j]);
        } else {
          store_partial(to, y[4 * i + j], left);
        }
      }
    }
  }
}

// One work item: `tiles` tiles from `first` on, all filters.
void winograd_block(const Correlation& a, const WinogradCut& b, std::size_t first,
                    std::size_t tiles, const float* in, const float* zeros, const float* filters,
                    float* transformed, float* products, float* out) {
  for (std::size_t t = 0; t < tiles; ++t) {
    const TilePlace place(b.tiles_h, b.tiles_w, first + t);
    transform_input(in + place.n * a.in_h * a.in_w * a.group_c, a.in_h, a.in_w, a.group_c,
                    static_cast<std::ptrdiff_t>(place.p) - a.pad_h,
                    static_cast<std::ptrdiff_t>(place.q) - a.pad_w, zeros,
                    transformed + t * b.channels, b.block_tiles * b.channels);
  }
  const std::size_t groups = (tiles + tile_m - 1) / tile_m;
  const Taps taps = {1, 0, 1, 0, a.group_c};
  const auto count_of = [&](std::size_t block) {
    const std::size_t left = a.group_k - block * b.block;
    return left < b.block ? left : b.block;
  };
  const auto width_of = [&](std::size_t block) {
    return count_of(block) <= lanes ? lanes : 2 * lanes;
  };
  const std::size_t kept = b.by_element ? elements * b.block_tiles * b.block : 0;
  const auto multiply = [&](std::size_t block, std::size_t e) {
    const std::size_t width = width_of(block);
    const Tile* tile_of = tiles_of<false>(width);
    const float* left = transformed + e * b.block_tiles * b.channels;  // (tiles, channels)
    const float* right = filters + block * b.block_floats + e * a.group_c * width;
    float* to = products + block * kept + e * b.block_tiles * width;  // (tiles, width)
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t begin = tiles * g / groups, end = tiles * (g + 1) / groups;
      tile_of[end - begin - 1](taps, left + begin * b.channels, b.channels, right,
                               to + begin * width, width, width);
    }
  };
  const auto finish = [&](std::size_t block) {
    for (std::size_t t = 0; t < tiles; ++t) {
      transform_output(a, b, TilePlace(b.tiles_h, b.tiles_w, first + t), count_of(block),
                       width_of(block), products + block * kept + t * width_of(block),
                       out + block * b.block);
    }
  };
  if (b.by_element) {
    for (std::size_t e = 0; e < elements; ++e) {
      for (std::size_t block = 0; block < b.blocks; ++block) multiply(block, e);
    }
    for (std::size_t block = 0; block < b.blocks; ++block) finish(block);
    return;
  }
  for (std::size_t block = 0; block < b.blocks; ++block) {
    for (std::size_t e = 0; e < elements; ++e) multiply(block, e);
    finish(block);
  }
}

void winograd(const Correlation& a, const WinogradCut& b, float* filters, const float* in,
              const float* w, float* out) {
  float* zeros = filters + b.blocks * b.block_floats;
  float* buffers = zeros + b.channels;
  __builtin_memset(zeros, 0, b.channels * sizeof(float));
  constexpr std::size_t c_step = 16;
  const std::size_t c_steps = (a.group_c + c_step - 1) / c_step;
  const std::size_t items = (b.tiles + b.block_tiles - 1) / b.block_tiles;
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (std::size_t i = 0; i < b.blocks * c_steps; ++i) {
      const std::size_t block = i / c_steps, c0 = i % c_steps * c_step;
      const std::size_t k0 = block * b.block;
      const std::size_t count = a.group_k - k0 < b.block ? a.group_k - k0 : b.block;
      transform_filters(a, k0, count, count <= lanes ? lanes : 2 * lanes, c0,
                        c0 + c_step < a.group_c ? c0 + c_step : a.group_c, w,
                        filters + block * b.block_floats);
    }
    float* transformed =
        buffers + static_cast<std::size_t>(omp_get_thread_num()) * (b.in_floats + b.out_floats);
#pragma omp for schedule(dynamic)
    for (std::size_t item = 0; item < items; ++item) {
      const std::size_t first = item * b.block_tiles;
      const std::size_t tiles = b.tiles - first < b.block_tiles ? b.tiles - first : b.block_tiles;
      winograd_block(a, b, first, tiles, in, zeros, filters, transformed, transformed + b.in_floats,
                     out);
    }
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
