// conv2d: the tile in registers, shared by the direct and the Winograd rows. Included once an
// instruction set (see isa.h), so there is no include guard; without a name in each file, so that
// the linker does not merge what was compiled for different CPUs.
#include "kernels/conv2d/epilogue_simd.h"

namespace hilum::HILUM_ISA {
namespace {

// The input values that one output pixel reads: `rows` x `runs` runs of `length` floats.
struct Taps {
  std::size_t rows, row_step, runs, run_step, length;
};

constexpr std::size_t tile_m = lanes == 16 ? 14 : lanes == 8 ? 6 : 4;

// What follows the sums: the epilogue, of which filter and which pixel the tile's first are, how
// many filters there are in all, and whether the result goes around the caches.
struct Ending {
  Epilogue epilogue;
  std::size_t k = 0, pixel = 0, filters = 0;
  bool around = false;
};

// out (M pixels x V vectors) = in (M pixels x taps) * w (taps x V vectors). Writes `filters` floats
// of each pixel. `Ahead`: the taps are one run and the next tile's input follows in memory, so that
// it can be asked for, a cache line at each step.
template <std::size_t V, bool Ahead, std::size_t M>
void tile(const Taps& taps, const float* in, std::size_t in_pixel, const float* w, float* out,
          std::size_t out_pixel, std::size_t filters, const Ending& end) {
  Vec sum[M][V] = {};  // (M, V*lanes) of the output, in registers
  if (!end.around) {   // asked for now, so that the writing at the end finds the lines in the cache
#pragma GCC unroll 16
    for (std::size_t m = 0; m < M; ++m) {
      for (std::size_t v = 0; v < V; ++v) __builtin_prefetch(out + m * out_pixel + v * lanes, 1);
    }
  }
  for (std::size_t row = 0; row < taps.rows; ++row) {
    for (std::size_t run = 0; run < taps.runs; ++run) {
      const float* from = in + row * taps.row_step + run * taps.run_step;
      for (std::size_t c = 0; c < taps.length; ++c, w += V * lanes) {
        Vec filter[V];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < V; ++v) {
          // The block of filters streams from the L2 cache, or from memory where pixels are few:
          // ask for it 32 steps ahead, some 400 clocks.
          __builtin_prefetch(w + (32 * V + v) * lanes);
          filter[v] = load(w + v * lanes);
        }
        if constexpr (Ahead) __builtin_prefetch(from + M * in_pixel + c * 16);
#pragma GCC unroll 16
        for (std::size_t m = 0; m < M; ++m) {
          const Vec value = broadcast(from[m * in_pixel + c]);
#pragma GCC unroll 4
          for (std::size_t v = 0; v < V; ++v) sum[m][v] += value * filter[v];
        }
      }
    }
  }
  if (end.epilogue.bias != nullptr) {
    const std::size_t last = filters - (V - 1) * lanes;
#pragma GCC unroll 16
    for (std::size_t m = 0; m < M; ++m) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < V; ++v) {
        sum[m][v] = finish(end.epilogue, sum[m][v], end.k + v * lanes, end.pixel + m, end.filters,
                           v + 1 < V ? lanes : last);
      }
    }
  }
#pragma GCC unroll 16
  for (std::size_t m = 0; m < M; ++m) {
    float* to = out + m * out_pixel;
    if (end.around && filters == V * lanes) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < V; ++v) store_around(to + v * lanes, sum[m][v]);
    } else if (filters == V * lanes) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < V; ++v) store(to + v * lanes, sum[m][v]);
    } else {
#pragma GCC unroll 4
      for (std::size_t v = 0; v + 1 < V; ++v) store(to + v * lanes, sum[m][v]);
      store_partial(to + (V - 1) * lanes, sum[m][V - 1], filters - (V - 1) * lanes);
    }
  }
}

using Tile = void (*)(const Taps&, const float*, std::size_t, const float*, float*, std::size_t,
                      std::size_t, const Ending&);

// Pixels of a tile of V vectors: their products fill the registers.
constexpr std::size_t tile_pixels(std::size_t v) { return v <= 2 ? tile_m : 2 * tile_m / v; }

// tile<V, Ahead, 1> ... tile<V, Ahead, tile_pixels(V)>, by M - 1.
template <std::size_t V, bool Ahead, class = std::make_index_sequence<tile_pixels(V)>>
struct Tiles;
template <std::size_t V, bool Ahead, std::size_t... M>
struct Tiles<V, Ahead, std::index_sequence<M...>> {
  static constexpr Tile of[] = {tile<V, Ahead, M + 1>...};
};

// The tiles for blocks of so many vectors of filters.
template <bool Ahead>
const Tile* tiles_of(std::size_t vectors) {
  static constexpr const Tile* of[] = {Tiles<1, Ahead>::of, Tiles<2, Ahead>::of,
                                       Tiles<3, Ahead>::of, Tiles<4, Ahead>::of};
  return of[vectors - 1];
}

}  // namespace
}  // namespace hilum::HILUM_ISA
