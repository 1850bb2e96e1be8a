// gemm: packed panels and a register tile, after K. Goto and R. van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication" (ACM TOMS 34(3), 2008).
//
// Idea: a tile of C of 14 x 32 (AVX-512; 6 x 16 with AVX2, 6 x 8 portable) stays in registers while
// a column of A and a row of B at a time run past it: 14 broadcasts and 2 loads for 28 fused
// multiply-adds of 16 lanes. Around the tile the matrices are cut so that what is used again lies
// near: a block of B (1 MiB: 256 x 1024, or deeper where B is narrow) in the second cache, a panel
// of A (14 x 256) in the first. The panel runs along the whole block, so C is written in long
// lines, 14 at a time. Both are copied ("packed") into the order in which the tile reads them, so
// every stride costs the same and no two rows fight for a cache set; where the source runs the
// other way they are transposed in registers on the way.
//
// Threads: C is cut into one rectangle a thread, and each thread packs for itself. Some panels are
// packed twice, which costs (1/rows + 1/columns) and saves every barrier.
//
// Bound by: the FMA units; for small M or N by packing; for small K by writing C.
// Measured (Sapphire Rapids, one thread, processor time): 2048 cubed 150 to 175 GFLOP/s;
// 12544 x 128 x 1152 140; 50176 x 64 x 576 105; 32 x 128 x 32768 with B transposed 75 to 90.
#ifndef HILUM_ISA

#include "kernels/gemm/gemm.h"

#include <utility>

#include "kernels/simd_headers.h"

namespace hilum {
namespace {

constexpr std::size_t chunk_k = gemm_chunk_k;
constexpr std::size_t block_n = 1024;
constexpr std::size_t widest_tile = 32, tallest_tile = 14;

std::size_t round_up(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Rows of a packed block of B: one chunk where it is 1024 wide, more where it is narrower.
std::size_t block_depth(std::size_t n) {
  return block_n / std::min(round_up(n, widest_tile), block_n) * chunk_k;
}

// Floats of the packed panel of A, then of the block of B, for a rectangle of C.
std::size_t packed_a(std::size_t k) { return tallest_tile * round_up(std::min(k, chunk_k), 16); }
std::size_t packed_b(std::size_t n, std::size_t k) {
  return std::min(round_up(n, widest_tile) * k, block_n * chunk_k);
}

}  // namespace
}  // namespace hilum

#define HILUM_THIS_FILE "kernels/gemm/gemm.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

void run_block(const GemmProblem& problem, float* workspace) {
  HILUM_DISPATCH_ISA(gemm_block, problem, workspace);
}

// How many threads stand along M; the others stand along N. Chooses the least time of the slowest
// thread: its tiles, and its share of packing (which costs about as much as 8 multiply-adds a
// float).
std::size_t threads_along_m(std::size_t m, std::size_t n, std::size_t threads) {
  std::size_t best = 1, best_cost = SIZE_MAX;
  for (std::size_t along_m = 1; along_m <= threads; ++along_m) {
    if (threads % along_m != 0) continue;
    const std::size_t rows = (m + along_m - 1) / along_m;
    const std::size_t columns = round_up((n * along_m + threads - 1) / threads, widest_tile);
    const std::size_t cost = rows * columns + 8 * (rows + columns);
    if (cost < best_cost) best = along_m, best_cost = cost;
  }
  return best;
}

}  // namespace

// A is packed a panel at a time, so its height costs nothing.
std::size_t gemm_workspace_one_thread(std::size_t, std::size_t n, std::size_t k) {
  return (packed_a(k) + packed_b(n, k)) * sizeof(float);
}

std::size_t gemm_workspace(std::size_t m, std::size_t n, std::size_t k) {
  return gemm_workspace_one_thread(m, n, k) * static_cast<std::size_t>(omp_get_max_threads());
}

void gemm_one_thread(const GemmProblem& problem, void* workspace) {
  run_block(problem, static_cast<float*>(workspace));
}

void gemm(const GemmProblem& g, void* workspace) {
  const auto threads = static_cast<std::size_t>(omp_get_max_threads());
  const std::size_t along_m = threads_along_m(g.m, g.n, threads), along_n = threads / along_m;
  const std::size_t rows = (g.m + along_m - 1) / along_m;
  const std::size_t columns = round_up((g.n + along_n - 1) / along_n, widest_tile);
  const std::size_t memory = gemm_workspace_one_thread(g.m, g.n, g.k) / sizeof(float);
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads))
  for (std::size_t t = 0; t < threads; ++t) {
    const std::size_t i = t / along_n * rows, j = t % along_n * columns;
    if (i >= g.m || j >= g.n) continue;
    GemmProblem mine = g;
    mine.m = std::min(rows, g.m - i);
    mine.n = std::min(columns, g.n - j);
    mine.a.data += i * g.a.row;
    mine.b.data += j * g.b.column;
    mine.c += i * g.c_row + j;
    run_block(mine, static_cast<float*>(workspace) + t * memory);
  }
}

}  // namespace hilum

#else

namespace hilum::HILUM_ISA {

constexpr std::size_t tile_m = HILUM_LANES == 16 ? 14 : 6;
constexpr std::size_t tile_n = 2 * lanes;

// c[rows, columns] (+)= a[k, rows]^T b[k, tile_n]; a and b are packed, columns <= vectors * lanes.
template <std::size_t rows, std::size_t vectors>
static void tile(std::size_t k, const float* a, const float* b, float* c, std::size_t c_row,
                 std::size_t columns, bool add) {
  Vec sum[rows][vectors] = {};
#pragma GCC unroll 2
  for (std::size_t p = 0; p < k; ++p) {
    Vec b_row[vectors];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < vectors; ++v) b_row[v] = load(b + v * lanes);
#pragma GCC unroll 14
    for (std::size_t i = 0; i < rows; ++i) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v < vectors; ++v) sum[i][v] += broadcast(a[i]) * b_row[v];
    }
    a += rows;
    b += tile_n;
  }
  const std::size_t rest = columns - (vectors - 1) * lanes;  // of the last vector
#pragma GCC unroll 14
  for (std::size_t i = 0; i < rows; ++i) {
    float* to = c + i * c_row;
#pragma GCC unroll 2
    for (std::size_t v = 0; v < vectors; ++v) {
      if (v + 1 < vectors || rest == lanes) {
        store(to + v * lanes, add ? load(to + v * lanes) + sum[i][v] : sum[i][v]);
      } else {
        store_partial(to + v * lanes,
                      add ? load_partial(to + v * lanes, rest) + sum[i][v] : sum[i][v], rest);
      }
    }
  }
}

// The tile for a number of rows known at run time, so that no row is computed for nothing.
using Tile = void (*)(std::size_t, const float*, const float*, float*, std::size_t, std::size_t,
                      bool);
template <std::size_t vectors, std::size_t... i>
static Tile tile_of(std::size_t rows, std::index_sequence<i...>) {
  static constexpr Tile tiles[] = {tile<i + 1, vectors>...};
  return tiles[rows - 1];
}

// Exchanges rows and columns of a square of lanes x lanes floats, in log2(lanes) steps: step s
// swaps the upper right and the lower left s x s part of every 2s x 2s square.
static inline __attribute__((always_inline)) void transpose(Vec (&square)[lanes]) {
  VecInt lane;
  for (std::size_t i = 0; i < lanes; ++i) lane[i] = static_cast<std::int32_t>(i);
#pragma GCC unroll 4
  for (std::size_t s = 1; s < lanes; s *= 2) {
    const auto step = static_cast<std::int32_t>(s);
    const VecInt right = (lane & step) != 0;  // all bits set where the lane is in a right half
    const VecInt upper = right ? (lane ^ step) + HILUM_LANES : lane;
    const VecInt lower = right ? lane + HILUM_LANES : (lane ^ step);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < lanes; ++i) {
      if ((i & s) != 0) continue;
      const Vec first = square[i], second = square[i + s];
      square[i] = __builtin_shuffle(first, second, upper);
      square[i + s] = __builtin_shuffle(first, second, lower);
    }
  }
}

// Copies `count` lines of `k` elements into a panel to[k][width], count <= width, and fills up with
// zeros. `across` is the stride from line to line, `along` that within a line.
static void pack_panel(std::size_t k, std::size_t width, std::size_t count, const float* from,
                       std::size_t across, std::size_t along, float* to) {
  for (std::size_t i = 0; i < width; i += lanes) {
    const std::size_t wide = std::min(lanes, width - i);
    const std::size_t have = count > i ? std::min(lanes, count - i) : 0;
    const float* source = from + i * across;
    float* target = to + i;
    if (across == 1 && have == lanes) {
      for (std::size_t p = 0; p < k; ++p) store(target + p * width, load(source + p * along));
    } else if (across == 1) {
      for (std::size_t p = 0; p < k; ++p) {
        store_partial(target + p * width, load_partial(source + p * along, have), wide);
      }
    } else if (along == 1) {
      for (std::size_t p = 0; p < k; p += lanes) {
        const std::size_t length = std::min(lanes, k - p);
        Vec square[lanes];
#pragma GCC unroll 16
        for (std::size_t j = 0; j < lanes; ++j) {
          const float* line = source + j * across + p;
          __builtin_prefetch(line + width * across);  // the next panel's
          square[j] = j >= have ? Vec{} : length == lanes ? load(line) : load_partial(line, length);
        }
        transpose(square);
        for (std::size_t q = 0; q < length; ++q) {
          if (wide == lanes) {
            store(target + (p + q) * width, square[q]);
          } else {
            store_partial(target + (p + q) * width, square[q], wide);
          }
        }
      }
    } else {
      for (std::size_t p = 0; p < k; ++p) {
        for (std::size_t j = 0; j < wide; ++j) {
          target[p * width + j] = j < have ? source[j * across + p * along] : 0;
        }
      }
    }
  }
}

// Packs k x n elements of B into panels to[panel][k][tile_n]. Where its rows are contiguous they
// are read whole, one after another: memory likes long runs.
static void pack_b(const MatrixView& b, const float* from, std::size_t k, std::size_t n,
                   float* to) {
  if (b.column != 1) {
    for (std::size_t j = 0; j < n; j += tile_n) {
      pack_panel(k, tile_n, std::min(tile_n, n - j), from + j * b.column, b.column, b.row,
                 to + j * k);
    }
    return;
  }
  for (std::size_t p = 0; p < k; ++p) {
    const float* row = from + p * b.row;
    for (std::size_t j = 0; j < n; j += lanes) {
      const Vec v = n - j < lanes ? load_partial(row + j, n - j) : load(row + j);
      store(to + j / tile_n * tile_n * k + p * tile_n + j % tile_n, v);
    }
    // The last panel may want another register of zeros.
    if (n % tile_n != 0 && n % tile_n <= lanes) {
      store(to + n / tile_n * tile_n * k + p * tile_n + lanes, Vec{});
    }
  }
}

// A rectangle of C, on one thread.
static void gemm_block(const GemmProblem& g, float* workspace) {
  float* const a_panel = workspace;
  float* const b_block = workspace + packed_a(g.k);
  if (g.k == 0 && !g.accumulate) {
    for (std::size_t i = 0; i < g.m; ++i) std::fill_n(g.c + i * g.c_row, g.n, 0.0f);
  }
  // Rows are dealt out evenly: 32 of them become panels of 11, 11 and 10.
  const std::size_t panels = (g.m + tile_m - 1) / tile_m;
  for (std::size_t n0 = 0; n0 < g.n; n0 += block_n) {
    const std::size_t n = std::min(block_n, g.n - n0), packed_n = round_up(n, tile_n);
    const std::size_t depth = block_depth(n);
    for (std::size_t d0 = 0; d0 < g.k; d0 += depth) {
      const std::size_t d1 = std::min(d0 + depth, g.k);
      for (std::size_t k0 = d0; k0 < d1; k0 += chunk_k) {
        pack_b(g.b, g.b.data + k0 * g.b.row + n0 * g.b.column, std::min(chunk_k, d1 - k0), n,
               b_block + (k0 - d0) * packed_n);
      }
      for (std::size_t t = 0; t < panels; ++t) {
        const std::size_t i = g.m * t / panels, rows = g.m * (t + 1) / panels - i;
        const auto heights = std::make_index_sequence<tile_m>();
        const Tile narrow = tile_of<1>(rows, heights), wide = tile_of<2>(rows, heights);
        for (std::size_t k0 = d0; k0 < d1; k0 += chunk_k) {
          const std::size_t k = std::min(chunk_k, d1 - k0);
          pack_panel(k, rows, rows, g.a.data + i * g.a.row + k0 * g.a.column, g.a.row, g.a.column,
                     a_panel);
          const float* b_panel = b_block + (k0 - d0) * packed_n;
          for (std::size_t j = 0; j < n; j += tile_n, b_panel += tile_n * k) {
            const std::size_t columns = std::min(tile_n, n - j);
            (columns > lanes ? wide : narrow)(k, a_panel, b_panel, g.c + i * g.c_row + n0 + j,
                                              g.c_row, columns, g.accumulate || k0 > 0);
          }
        }
      }
    }
  }
}

}  // namespace hilum::HILUM_ISA

#endif
