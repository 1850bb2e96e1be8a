// conv2d, CPU 2, direct: the correlation of cpu2_direct.h.
//
// Idea: a tile of M output pixels (side by side in a row) times V vectors of filters stays in
// registers while all taps and channels pass by, and is written once. Each step loads V vectors of
// filters, packed so that they come one after another, and broadcasts M values of the input: M*V
// fused multiply-adds for M + V loads.
//   AVX-512: 14 x 2 of 32 registers, 7 x 4 for 1x1 filters; AVX2: 6 x 2 of 16; portable: 4 x 2.
// Since cpu1: no matrix of patches, so the input is read from the cache R*S times instead of being
// written and read R*S times; edges cost nothing in the inner loop because a band of the input
// rows is copied with its padding. A 1x1 filter without stride is a matrix product: its pixels are
// taken as one long row.
// With undilated filters the S taps of a row and their C channels are one contiguous run, so that
// the first layer's C = 3 makes runs of 9 or 21, not of 3.
// Bounds: the multiply-adds, as long as a band and a block of filters fit in the L2 cache; for few
// input channels the writing of y.
// Measured on 64 -> 64 3x3 at 56, AVX-512, one thread: forward 70 %, dx 67 % of the multiply-add
// roof; on 3 -> 32 at 128 27 %.
#ifndef HILUM_ISA
#include "kernels/around.h"
#include "kernels/conv2d/cpu2_direct.h"

namespace hilum {
namespace {

// How a correlation is cut into work items: (image, band of rows, band of columns, part of the
// filter blocks). An item's bits do not depend on the cut.
struct Cut {
  std::size_t band_h, band_w, bands_h, bands_w;  // output pixels of a band, number of bands
  std::size_t band_floats;                       // of a padded copy of its input; 0: no copy
  std::size_t block;                             // filters of a block: 2 or 4 vectors
  std::size_t blocks, parts;                     // blocks of all groups, parts that they make
  std::size_t block_floats;                      // packed filters of a block
  std::size_t items() const { return bands_h * bands_w * parts; }  // per image
  std::size_t packed_floats() const { return blocks * block_floats; }
};

}  // namespace
}  // namespace hilum

#define HILUM_THIS_FILE "kernels/conv2d/cpu2_direct_correlate.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

Cut cut(const Correlation& a, std::size_t lanes) {
  constexpr std::size_t band_bytes = 256 * 1024;  // of input: an eighth of a large L2 cache
  constexpr std::size_t wanted_items = 16;
  const std::size_t pixel_bytes = a.in_c() * sizeof(float);
  Cut b{};
  // The pixels of a matrix product often lie 4 KiB apart, at the same place of every page of the L1
  // cache, which holds eight such lines: 14 would drive each other out, so a tile is 7 pixels high
  // there, and twice as wide.
  const bool wide = lanes == 16 && a.taps_h == 1 && a.taps_w == 1;
  b.block = (wide ? 4 : 2) * lanes;
  b.blocks = a.groups * ceil_div(a.group_k, b.block);
  b.block_floats = a.taps_h * a.taps_w * a.group_c * b.block;
  // Columns: all of them if four rows of them fit, rounded to whole tiles.
  const std::size_t widest =
      std::max<std::size_t>(band_bytes / (4 * a.stride_w * pixel_bytes) / 84 * 84, 42);
  b.bands_w = ceil_div(a.out_w, widest);
  b.band_w = ceil_div(ceil_div(a.out_w, b.bands_w), 14) * 14;
  b.bands_w = ceil_div(a.out_w, b.band_w);
  const std::size_t in_w = (std::min(b.band_w, a.out_w) - 1) * a.stride_w + a.reach_w();
  // Rows: as many as fit, fewer where there would be too few items for many threads. Every band
  // reads all filters: where these are more than the image (late layers), items are parts of the
  // filters first. With one image, 512 -> 512 3x3 at 7 would else read its 9 MB seven times.
  const std::size_t rows = band_bytes / (in_w * pixel_bytes);
  b.band_h = rows > a.reach_h() ? (rows - a.reach_h()) / a.stride_h + 1 : 1;
  const std::size_t other_items = a.n * b.bands_w;
  const bool filters_first = b.packed_floats() > a.in_h * a.in_w * a.in_c();
  const std::size_t parts_at_most = filters_first ? b.blocks : 1;
  b.band_h = std::min(b.band_h, ceil_div(a.out_h * other_items * parts_at_most, wanted_items));
  b.band_h = std::clamp<std::size_t>(b.band_h, 1, a.out_h);
  b.bands_h = ceil_div(a.out_h, b.band_h);
  b.band_h = ceil_div(a.out_h, b.bands_h);

  const auto last_row = static_cast<std::ptrdiff_t>((a.out_h - 1) * a.stride_h + a.reach_h());
  const auto last_column = static_cast<std::ptrdiff_t>((a.out_w - 1) * a.stride_w + a.reach_w());
  const bool inside = a.pad_h <= 0 && a.pad_w <= 0 &&
                      last_row - a.pad_h <= static_cast<std::ptrdiff_t>(a.in_h) &&
                      last_column - a.pad_w <= static_cast<std::ptrdiff_t>(a.in_w);
  if (!inside && a.taps_h != 0) {
    b.band_floats = ((b.band_h - 1) * a.stride_h + a.reach_h()) * in_w * a.in_c();
    b.band_floats = ceil_div(b.band_floats, 16) * 16;
  }
  b.parts = std::clamp<std::size_t>(ceil_div(wanted_items, other_items * b.bands_h), 1, b.blocks);
  return b;
}

// A 1x1 filter that moves pixel by pixel sees no rows: one image of one row.
Correlation flattened(Correlation a) {
  const bool dense = a.taps_h == 1 && a.taps_w == 1 && a.stride_h == 1 && a.stride_w == 1 &&
                     a.pad_h == 0 && a.pad_w == 0 && a.out_h == a.in_h && a.out_w == a.in_w &&
                     a.out_row == a.out_w * a.out_pixel && a.out_image == a.out_h * a.out_row;
  if (dense) {
    a.out_w = a.in_w = a.n * a.in_h * a.in_w;
    a.n = a.in_h = a.out_h = 1;
    a.out_row = a.out_image = a.out_w * a.out_pixel;
  }
  return a;
}

}  // namespace

std::size_t lanes_now() { return isa() == Isa::avx512 ? 16 : isa() == Isa::avx2 ? 8 : 4; }

std::size_t correlate_packed_floats(const Correlation& problem) {
  return cut(flattened(problem), lanes_now()).packed_floats();
}

std::size_t correlate_packed_workspace(const Correlation& problem) {
  const Cut b = cut(flattened(problem), lanes_now());
  return sizeof(float) * static_cast<std::size_t>(omp_get_max_threads()) * b.band_floats;
}

std::size_t correlate_workspace(const Correlation& problem) {
  return sizeof(float) * correlate_packed_floats(problem) + correlate_packed_workspace(problem);
}

void correlate_pack(const Correlation& problem, const float* w, float* packed) {
  const Correlation a = flattened(problem);
  const Cut b = cut(a, lanes_now());
  HILUM_DISPATCH_ISA(pack_all, a, b, w, packed);
}

void correlate_packed(const Launch& launch, const Correlation& problem, const float* in,
                      const float* packed, const Epilogue& e, float* out) {
  const Correlation a = flattened(problem);
  const Cut b = cut(a, lanes_now());
  HILUM_DISPATCH_ISA(correlate_cut, a, b, packed, static_cast<float*>(launch.workspace), in, e,
                     out);
}

void correlate(const Launch& launch, const Correlation& problem, const float* in, const float* w,
               float* out) {
  auto* packed = static_cast<float*>(launch.workspace);
  correlate_pack(problem, w, packed);
  Launch bands = launch;
  bands.workspace = packed + correlate_packed_floats(problem);
  correlate_packed(bands, problem, in, packed, {}, out);
}

}  // namespace hilum

#else
#include "kernels/conv2d/cpu2_direct_tile.h"

namespace hilum::HILUM_ISA {
// Without a name, because other files have a Block too and the linker would merge them.
namespace {

// A block of filters: `count` of them, packed to `width` lanes, whole vectors.
struct Block {
  std::size_t group, first, count, width;

  Block(const Correlation& a, const Cut& b, std::size_t index) {
    const std::size_t blocks = b.blocks / a.groups;
    group = index / blocks;
    first = index % blocks * b.block;
    count = a.group_k - first < b.block ? a.group_k - first : b.block;
    width = (count + lanes - 1) / lanes * lanes;
  }
};

// Packs one row of taps of a block: to (taps_w, group_c, width), zeros in the unused lanes.
void pack_filters(const Correlation& a, const Block& block, std::size_t tap_row, const float* w,
                  float* to) {
  constexpr std::size_t step = 16;  // channels at a time: a cache line of each filter
  for (std::size_t tap = 0; tap < a.taps_w; ++tap) {
    const float* from = w + a.filter_base + static_cast<std::ptrdiff_t>(block.group) * a.filter_g +
                        static_cast<std::ptrdiff_t>(block.first) * a.filter_k +
                        static_cast<std::ptrdiff_t>(tap_row) * a.filter_i +
                        static_cast<std::ptrdiff_t>(tap) * a.filter_j;
    for (std::size_t c0 = 0; c0 < a.group_c; c0 += step) {
      const std::size_t c1 = c0 + step < a.group_c ? c0 + step : a.group_c;
      if (block.count < block.width) {
        __builtin_memset(to + c0 * block.width, 0, (c1 - c0) * block.width * sizeof(float));
      }
      if (a.filter_k == 1) {
        for (std::size_t c = c0; c < c1; ++c) {
          __builtin_memcpy(to + c * block.width, from + static_cast<std::ptrdiff_t>(c) * a.filter_c,
                           block.count * sizeof(float));
        }
        continue;
      }
      for (std::size_t k = 0; k < block.count; ++k) {
        const float* filter = from + static_cast<std::ptrdiff_t>(k) * a.filter_k;
        for (std::size_t c = c0; c < c1; ++c) {
          to[c * block.width + k] = filter[static_cast<std::ptrdiff_t>(c) * a.filter_c];
        }
      }
    }
    to += a.group_c * block.width;
  }
}

void pack_all(const Correlation& a, const Cut& b, const float* w, float* packed) {
#pragma omp parallel for schedule(static)
  for (std::size_t row = 0; row < b.blocks * a.taps_h; ++row) {
    const Block block(a, b, row / a.taps_h);
    const std::size_t tap_row = row % a.taps_h;
    pack_filters(
        a, block, tap_row, w,
        packed + row / a.taps_h * b.block_floats + tap_row * a.taps_w * a.group_c * block.width);
  }
}

// One work item: output pixels [p0, p1) x [q0, q1) of an image, blocks [first, last) of filters.
// `in` points to the first input pixel of the band, whose rows are `in_row` floats apart; pixel
// (0, 0) of the image is of all images' the one of number `first_pixel`.
void correlate_band(const Correlation& a, const Cut& b, std::size_t p0, std::size_t p1,
                    std::size_t q0, std::size_t q1, std::size_t first, std::size_t last,
                    const float* in, std::size_t in_row, const float* packed,
                    std::size_t first_pixel, const Epilogue& e, bool around, float* out_image) {
  const std::size_t in_c = a.in_c(), in_pixel = a.stride_w * in_c, columns = q1 - q0;
  const bool contiguous = a.tap_w == 1 && a.groups == 1;
  const Taps taps = {a.taps_h, a.tap_h * in_row, contiguous ? 1 : a.taps_w, a.tap_w * in_c,
                     contiguous ? a.taps_w * in_c : a.group_c};
  // A matrix product: the pixels that follow in memory are the next tile's.
  const bool product = a.taps_h == 1 && a.taps_w == 1 && contiguous && a.stride_w == 1;
  for (std::size_t index = first; index < last; ++index) {
    const Block block(a, b, index);
    const std::size_t vectors = block.width / lanes;
    const Tile* tile_of = product ? tiles_of<true>(vectors) : tiles_of<false>(vectors);
    const std::size_t most = tile_pixels(vectors), tiles = (columns + most - 1) / most;
    const float* filters = packed + index * b.block_floats;
    for (std::size_t p = p0; p < p1; ++p) {
      const float* in_p = in + (p - p0) * a.stride_h * in_row + block.group * a.group_c;
      float* out_p =
          out_image + p * a.out_row + q0 * a.out_pixel + block.group * a.group_k + block.first;
      Ending end = {e, block.group * a.group_k + block.first, 0, a.groups * a.group_k, around};
      for (std::size_t t = 0; t < tiles; ++t) {  // tiles of nearly equal width
        const std::size_t begin = columns * t / tiles, past = columns * (t + 1) / tiles;
        end.pixel = first_pixel + p * a.out_w + q0 + begin;
        tile_of[past - begin - 1](taps, in_p + begin * in_pixel, in_pixel, filters,
                                  out_p + begin * a.out_pixel, a.out_pixel, block.count, end);
      }
    }
  }
}

void correlate_cut(const Correlation& a, const Cut& b, const float* packed, float* bands,
                   const float* in, const Epilogue& e, float* out) {
  const std::size_t items = a.n * b.items(), in_c = a.in_c();
  const bool around = goes_around(out, a.n * a.out_image, a.out_pixel, a.group_k);
  Work work(items);
#pragma omp parallel
  {
    float* band = bands + static_cast<std::size_t>(omp_get_thread_num()) * b.band_floats;
    for (std::size_t item = 0; work.next(item);) {
      const std::size_t n = item / b.items(), part = item % b.parts;
      const std::size_t bw = item / b.parts % b.bands_w,
                        bh = item / b.parts / b.bands_w % b.bands_h;
      const std::size_t p0 = bh * b.band_h, q0 = bw * b.band_w;
      const std::size_t p1 = p0 + b.band_h < a.out_h ? p0 + b.band_h : a.out_h;
      const std::size_t q1 = q0 + b.band_w < a.out_w ? q0 + b.band_w : a.out_w;
      if (p0 >= p1 || q0 >= q1) continue;
      const float* image = in + n * a.in_h * a.in_w * in_c;
      const std::ptrdiff_t h0 = static_cast<std::ptrdiff_t>(p0 * a.stride_h) - a.pad_h;
      const std::ptrdiff_t w0 = static_cast<std::ptrdiff_t>(q0 * a.stride_w) - a.pad_w;
      const float* from = image;
      std::size_t in_row = a.in_w * in_c;
      if (b.band_floats != 0) {
        const std::size_t columns = (q1 - q0 - 1) * a.stride_w + a.reach_w();
        copy_padded(image, a.in_h, a.in_w, in_c, h0, w0, (p1 - p0 - 1) * a.stride_h + a.reach_h(),
                    columns, band);
        from = band;
        in_row = columns * in_c;
      } else if (a.taps_h != 0) {
        from += (static_cast<std::size_t>(h0) * a.in_w + static_cast<std::size_t>(w0)) * in_c;
      }
      correlate_band(a, b, p0, p1, q0, q1, b.blocks * part / b.parts,
                     b.blocks * (part + 1) / b.parts, from, in_row, packed, n * a.out_h * a.out_w,
                     e, around, out + n * a.out_image);
    }
    if (around) finish_around();
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
