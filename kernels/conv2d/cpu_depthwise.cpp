// conv2d, CPU, depthwise: every channel is filtered by itself (G = C = K).
//
// Idea: channels lie side by side in NHWC, so a vector is 16 (8, 4) channels and no value is ever
// broadcast. Forward and backward_data are the correlations of cpu2_direct.h: a tile of M pixels of
// one vector of channels stays in registers while the taps pass by, so that each vector of filters
// is loaded once for M pixels. backward_weight keeps the sums of up to 8 taps of a row in registers
// while the pixels of an output row pass by.
// As in the direct row, bands of the input are copied with their padding.
//
// Since cpu2_direct: that one wastes all lanes but one here, since a group has one filter.
//
// Bounds: loads, one for each multiply-add; for large images the memory.
// Measured on 128 channels 3x3 at 56, AVX-512, one thread: 5 % of the multiply-add roof in each
// pass (about 5 GB/s of operands), four times cpu2 forward and nine times in backward_weight.
#ifndef HILUM_ISA
#include "kernels/conv2d/cpu2_direct.h"
#include "kernels/conv2d/rows.h"

namespace hilum {
namespace {

struct DepthwiseCut {
  std::size_t rows, bands;           // output rows of a band, bands of an image
  std::size_t in_rows, in_columns;   // of a padded band of the input
  std::size_t band_floats;           // of that band, with a vector to spare: loads may overrun
  std::size_t channels;              // rounded up to whole vectors
  std::size_t filter_floats;         // filters (taps, channels)
  std::size_t shares, share_images;  // backward_weight: each share of the images has its own sums
};

}  // namespace
}  // namespace hilum

#define HILUM_THIS_FILE "kernels/conv2d/cpu_depthwise.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

DepthwiseCut cut(const Correlation& a) {
  constexpr std::size_t band_bytes = 256 * 1024;  // of the input: an eighth of a large L2 cache
  constexpr std::size_t most_shares = 16;
  DepthwiseCut b{};
  b.in_columns = (a.out_w - 1) * a.stride_w + a.reach_w();
  const std::size_t rows = band_bytes / (b.in_columns * a.groups * sizeof(float));
  b.rows = rows > a.reach_h() ? (rows - a.reach_h()) / a.stride_h + 1 : 1;
  b.bands = ceil_div(a.out_h, std::min(b.rows, a.out_h));
  b.rows = ceil_div(a.out_h, b.bands);
  b.bands = ceil_div(a.out_h, b.rows);
  b.in_rows = (b.rows - 1) * a.stride_h + a.reach_h();
  b.band_floats = ceil_div(b.in_rows * b.in_columns * a.groups + 16, 16) * 16;
  b.channels = ceil_div(a.groups, 16) * 16;
  b.filter_floats = a.taps_h * a.taps_w * b.channels;
  b.share_images = ceil_div(a.n, most_shares);
  b.shares = ceil_div(a.n, b.share_images);
  return b;
}

std::size_t all_bands(const DepthwiseCut& b) {
  return static_cast<std::size_t>(omp_get_max_threads()) * b.band_floats;
}

std::size_t workspace(const Correlation& a) {
  const DepthwiseCut b = cut(a);
  return sizeof(float) * (b.filter_floats + all_bands(b));
}

void run(const Launch& launch, const Correlation& a, const float* in, const float* w, float* out) {
  const DepthwiseCut b = cut(a);
  HILUM_DISPATCH_ISA(depthwise, a, b, static_cast<float*>(launch.workspace), in, w, out);
}

}  // namespace

const char* conv2d_why_not_depthwise(const Conv2dProblem& a) {
  if (a.groups != a.c || a.groups != a.k) return "runs one channel and one filter a group only";
  return nullptr;
}

std::size_t conv2d_forward_depthwise_workspace(const Conv2dProblem& a) {
  return workspace(forward_correlation(a));
}
void conv2d_forward_depthwise(const Launch& launch, const Conv2dProblem& a, const float* x,
                              const float* w, float* y) {
  run(launch, forward_correlation(a), x, w, y);
}

std::size_t conv2d_backward_data_depthwise_workspace(const Conv2dProblem& a) {
  std::size_t largest = 0;
  for_each_phase(a, [&](const Correlation& phase, std::size_t) {
    largest = std::max(largest, workspace(phase));
  });
  return largest;
}
void conv2d_backward_data_depthwise(const Launch& launch, const Conv2dProblem& a, const float* w,
                                    const float* dy, float* dx) {
  for_each_phase(a, [&](const Correlation& phase, std::size_t offset) {
    run(launch, phase, dy, w, dx + offset);
  });
}

std::size_t conv2d_backward_weight_depthwise_workspace(const Conv2dProblem& a) {
  const DepthwiseCut b = cut(forward_correlation(a));
  return sizeof(float) * (b.shares * b.filter_floats + all_bands(b));
}
void conv2d_backward_weight_depthwise(const Launch& launch, const Conv2dProblem& problem,
                                      const float* x, const float* dy, float* dw) {
  const Correlation a = forward_correlation(problem);
  const DepthwiseCut b = cut(a);
  HILUM_DISPATCH_ISA(depthwise_weight, a, b, static_cast<float*>(launch.workspace), x, dy, dw);
}

}  // namespace hilum

#else
namespace hilum::HILUM_ISA {
// Without a name; see cpu2_direct_tile.h.
namespace {

constexpr std::size_t most_m = 8, most_taps = 8;

std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

// The rows of band `band` of image n, copied with their padding: to (in_rows, in_columns, C).
void copy_band(const Correlation& a, const DepthwiseCut& b, std::size_t n, std::size_t band,
               const float* in, float* to) {
  if (a.taps_h == 0) return;
  copy_padded(in + n * a.in_h * a.in_w * a.groups, a.in_h, a.in_w, a.groups,
              static_cast<std::ptrdiff_t>(band * b.rows * a.stride_h) - a.pad_h, -a.pad_w,
              b.in_rows, b.in_columns, to);
}

// out (M pixels, one vector of channels) = sum over the taps. Writes `count` channels.
template <std::size_t M>
void tile(const Correlation& a, const DepthwiseCut& b, const float* in, const float* filters,
          float* out, std::size_t count) {
  Vec sum[M] = {};  // (M, lanes) in registers
  const std::size_t pixel = a.stride_w * a.groups;
  for (std::size_t i = 0; i < a.taps_h; ++i) {
    for (std::size_t j = 0; j < a.taps_w; ++j, filters += b.channels) {
      const float* from = in + (i * a.tap_h * b.in_columns + j * a.tap_w) * a.groups;
      const Vec filter = load(filters);
#pragma GCC unroll 8
      for (std::size_t m = 0; m < M; ++m) sum[m] += load(from + m * pixel) * filter;
    }
  }
  for (std::size_t m = 0; m < M; ++m) {
    if (count == lanes) {
      store(out + m * a.out_pixel, sum[m]);
    } else {
      store_partial(out + m * a.out_pixel, sum[m], count);
    }
  }
}

using Tile = void (*)(const Correlation&, const DepthwiseCut&, const float*, const float*, float*,
                      std::size_t);
constexpr Tile tile_of[] = {tile<1>, tile<2>, tile<3>, tile<4>, tile<5>, tile<6>, tile<7>, tile<8>};
static_assert(sizeof tile_of / sizeof *tile_of == most_m);

void depthwise(const Correlation& a, const DepthwiseCut& b, float* filters, const float* in,
               const float* w, float* out) {
  for (std::size_t tap = 0; tap < a.taps_h * a.taps_w; ++tap) {
    const float* from = w + a.filter_base +
                        static_cast<std::ptrdiff_t>(tap / a.taps_w) * a.filter_i +
                        static_cast<std::ptrdiff_t>(tap % a.taps_w) * a.filter_j;
    for (std::size_t c = 0; c < b.channels; ++c) {
      filters[tap * b.channels + c] =
          c < a.groups ? from[static_cast<std::ptrdiff_t>(c) * a.filter_g] : 0;
    }
  }
  float* bands = filters + b.filter_floats;
  Work work(a.n * b.bands);
#pragma omp parallel
  for (std::size_t item = 0; work.next(item);) {
    const std::size_t n = item / b.bands, band = item % b.bands, p0 = band * b.rows;
    float* from = bands + static_cast<std::size_t>(omp_get_thread_num()) * b.band_floats;
    copy_band(a, b, n, band, in, from);
    for (std::size_t p = p0; p < smaller(p0 + b.rows, a.out_h); ++p) {
      const float* in_row = from + (p - p0) * a.stride_h * b.in_columns * a.groups;
      float* out_row = out + n * a.out_image + p * a.out_row;
      for (std::size_t c = 0; c < a.groups; c += lanes) {
        for (std::size_t q = 0; q < a.out_w; q += most_m) {
          tile_of[smaller(most_m, a.out_w - q) - 1](a, b, in_row + q * a.stride_w * a.groups + c,
                                                    filters + c, out_row + q * a.out_pixel + c,
                                                    smaller(lanes, a.groups - c));
        }
      }
    }
  }
}

// sums (T taps, channels) += over the pixels of one output row, for one vector of channels of which
// `count` exist.
template <std::size_t T>
void add_row(const Correlation& a, const DepthwiseCut& b, const float* in, const float* dy,
             std::size_t count, float* sums) {
  Vec sum[T] = {};  // (T, lanes) in registers
  for (std::size_t q = 0; q < a.out_w; ++q) {
    const Vec gradient = load_partial(dy + q * a.out_pixel, count);
    const float* from = in + q * a.stride_w * a.groups;
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t) sum[t] += load(from + t * a.tap_w * a.groups) * gradient;
  }
  for (std::size_t t = 0; t < T; ++t) {
    float* to = sums + t * b.channels;
    store_partial(to, load(to) + sum[t], count);
  }
}

using AddRow = void (*)(const Correlation&, const DepthwiseCut&, const float*, const float*,
                        std::size_t, float*);
constexpr AddRow add_row_of[] = {add_row<1>, add_row<2>, add_row<3>, add_row<4>,
                                 add_row<5>, add_row<6>, add_row<7>, add_row<8>};
static_assert(sizeof add_row_of / sizeof *add_row_of == most_taps);

void depthwise_weight(const Correlation& a, const DepthwiseCut& b, float* sums, const float* x,
                      const float* dy, float* dw) {
  const std::size_t taps = a.taps_h * a.taps_w;
  float* bands = sums + b.shares * b.filter_floats;
  Work work(b.shares);
#pragma omp parallel
  for (std::size_t share = 0; work.next(share);) {
    float* mine = sums + share * b.filter_floats;  // (taps, channels)
    float* from = bands + static_cast<std::size_t>(omp_get_thread_num()) * b.band_floats;
    __builtin_memset(mine, 0, b.filter_floats * sizeof(float));
    const std::size_t first = share * b.share_images;
    for (std::size_t n = first; n < smaller(first + b.share_images, a.n); ++n) {
      for (std::size_t p = 0; p < a.out_h; ++p) {
        if (p % b.rows == 0) copy_band(a, b, n, p / b.rows, x, from);
        const float* dy_row = dy + n * a.out_image + p * a.out_row;
        for (std::size_t c = 0; c < a.groups; c += lanes) {
          for (std::size_t i = 0; i < a.taps_h; ++i) {
            const std::size_t in_row = p % b.rows * a.stride_h + i * a.tap_h;
            for (std::size_t j = 0; j < a.taps_w; j += most_taps) {
              add_row_of[smaller(most_taps, a.taps_w - j) - 1](
                  a, b, from + (in_row * b.in_columns + j * a.tap_w) * a.groups + c, dy_row + c,
                  smaller(lanes, a.groups - c), mine + (i * a.taps_w + j) * b.channels + c);
            }
          }
        }
      }
    }
  }
  for (std::size_t c = 0; c < a.groups; ++c) {
    for (std::size_t tap = 0; tap < taps; ++tap) {
      float total = sums[tap * b.channels + c];
      for (std::size_t share = 1; share < b.shares; ++share) {
        total += sums[share * b.filter_floats + tap * b.channels + c];
      }
      dw[c * taps + tap] = total;
    }
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
