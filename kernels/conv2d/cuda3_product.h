// conv2d, CUDA: our product of float matrices, (m, depth) times (n, depth) transposed, for rows
// cuda3 (of matrices that exist), cuda4 (that do not) and cuda6 (36 at once).
//
//   block   128 x 128, 128 x 64 or 64 x 64 results; cut_product() says which
//   warp    32 x 128 or 32 x 64 of them: 4 x 8 threads, each 8 x 16 or 8 x 8 in registers
//   stage   8 of the depth, two of them in shared memory, depth first
//
// For each of the depth a thread reads 8 + 16 numbers in six accesses of 16 bytes and does 128
// multiply-adds. While a stage is multiplied, the next one is on its way from memory into registers
// and is then put into the other half of shared memory: one barrier a stage.
//
// The threads of a warp hold their results in runs of four, so that the lanes' 16 bytes lie side by
// side or are the same: no bank conflicts. The rows of shared memory are 4 floats longer than the
// tile: then pieces that lie along the depth, whose four floats go to four rows, meet no conflict
// either.
#pragma once

#include "kernels/conv2d/cuda3_operands.h"

namespace hilum {
namespace {

constexpr int stage_depth = 8;

// One operand's way from memory through registers to shared memory.
template <class Source, int tile, int threads>
struct Stage {
  Pieces<Source, tile, stage_depth, threads> pieces;
  float4 on_the_way[Pieces<Source, tile, stage_depth, threads>::count];

  __device__ Stage(const Source& source, int first_row) : pieces(source, first_row) {}

  __device__ __forceinline__ void read(const Source& source, int first, int end) {
    pieces.visit(source, first, end, [&](int i, int, int, const float* from, bool inside) {
      on_the_way[i] = inside ? *reinterpret_cast<const float4*>(from) : make_float4(0, 0, 0, 0);
    });
  }
  __device__ __forceinline__ void write(const Source& source, float (*to)[tile + 4]) const {
    pieces.visit(source, 0, 0, [&](int i, int row, int depth, const float*, bool) {
      const float4 v = on_the_way[i];
      if (Source::along_depth) {
        to[depth][row] = v.x, to[depth + 1][row] = v.y;
        to[depth + 2][row] = v.z, to[depth + 3][row] = v.w;
      } else {
        *reinterpret_cast<float4*>(&to[depth][row]) = v;
      }
    });
  }
};

// Runs of four, `apart`.
template <int count>
__device__ __forceinline__ void load_runs(const float* from, int apart, float (&to)[count]) {
#pragma unroll
  for (int i = 0; i < count; i += 4) {
    const float4 run = *reinterpret_cast<const float4*>(from + i / 4 * apart);
    to[i] = run.x, to[i + 1] = run.y, to[i + 2] = run.z, to[i + 3] = run.w;
  }
}

// What the registers of so many blocks must be enough for.
constexpr int blocks_at_once(int tile_m, int tile_n) {
  return tile_n == 128 ? 2 : tile_m == 128 ? 3 : 6;
}

// blockIdx.x: the tile, columns first; blockIdx.z: batch and slice.
template <int tile_m, int tile_n, class A, class B, class Out>
__global__ void __launch_bounds__(tile_m, blocks_at_once(tile_m, tile_n))
    multiply(A a, B b, Out out, Cut cut) {
  constexpr int threads = tile_m, columns = tile_n / 8;           // of a thread
  __shared__ __align__(16) float as[2][stage_depth][tile_m + 4];  // (depth, row of A)
  __shared__ __align__(16) float bs[2][stage_depth][tile_n + 4];  // (depth, row of B)
  const int z = static_cast<int>(blockIdx.z), thread = static_cast<int>(threadIdx.x);
  const int tiles_n = (cut.n + tile_n - 1) / tile_n;
  const int m0 = static_cast<int>(blockIdx.x) / tiles_n * tile_m;
  const int n0 = static_cast<int>(blockIdx.x) % tiles_n * tile_n;
  const int begin = z % cut.slices * cut.slice_depth, end = min(begin + cut.slice_depth, cut.depth);
  a.select(z / cut.slices), b.select(z / cut.slices);

  // This thread's results: rows m, m + 1, .. 3 and m + 16, ..; columns n, .. 3, n + 32, ..
  const int lane = thread % 32, m = thread / 32 * 32 + lane / 8 * 4, n = lane % 8 * 4;
  float sum[8][columns] = {};

  Stage<A, tile_m, threads> stage_a(a, m0);
  Stage<B, tile_n, threads> stage_b(b, n0);
  stage_a.read(a, begin, end), stage_b.read(b, begin, end);
  stage_a.write(a, as[0]), stage_b.write(b, bs[0]);
  __syncthreads();
  int half = 0;
  for (int d = begin; d < end; d += stage_depth) {
    const bool more = d + stage_depth < end;
    if (more) stage_a.read(a, d + stage_depth, end), stage_b.read(b, d + stage_depth, end);
#pragma unroll
    for (int i = 0; i < stage_depth; ++i) {
      float av[8], bv[columns];
      load_runs(&as[half][i][m], 16, av);
      load_runs(&bs[half][i][n], 32, bv);
#pragma unroll
      for (int row = 0; row < 8; ++row) {
#pragma unroll
        for (int column = 0; column < columns; ++column) sum[row][column] += av[row] * bv[column];
      }
    }
    half ^= 1;
    if (more) stage_a.write(a, as[half]), stage_b.write(b, bs[half]);
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int row = m0 + m + i % 4 + i / 4 * 16;
    if (row >= cut.m) continue;
    float* to = out.row(z, row);
#pragma unroll
    for (int run = 0; run < columns / 4; ++run) {
      store_run<4>(out, to, row, n0 + n + 32 * run, cut.n, &sum[i][4 * run]);
    }
  }
}

// Calls start(std::integral_constant for the cut's tile_m, and for its tile_n).
template <class Plan, std::size_t i = 0, class Start>
void with_tile(const Cut& cut, Start start) {
  constexpr Tile tile = Plan::tiles[i];
  if constexpr (i + 1 < std::size(Plan::tiles)) {
    if (cut.tile_m != tile.m || cut.tile_n != tile.n) return with_tile<Plan, i + 1>(cut, start);
  }
  start(std::integral_constant<int, tile.m>{}, std::integral_constant<int, tile.n>{});
}

inline dim3 grid_of(const Cut& cut, int batch) {
  return dim3(static_cast<unsigned>(tiles(std::size_t(cut.m), std::size_t(cut.tile_m)) *
                                    tiles(std::size_t(cut.n), std::size_t(cut.tile_n))),
              1, static_cast<unsigned>(cut.slices * batch));
}

// `batch` products at once.
template <class Plan_ = FloatPlan>
struct FloatProduct {
  using Plan = Plan_;
  using Element = float;

  template <class A, class B, class Out>
  static void start(const Launch& on, const A& a, const B& b, const Out& out, const Cut& cut,
                    int batch = 1) {
    with_tile<Plan>(cut, [&](auto m, auto n) {
      launch<multiply<m(), n(), A, B, Out>>(on, grid_of(cut, batch), m(), 0, a, b, out, cut);
    });
  }
};

// The whole product; slices, where there are any, by way of the workspace.
template <class Product, class A, class B, class Out>
void multiply_into(const Launch& on, Workspace memory, const A& a, const B& b, const Out& out,
                   const Cut& cut) {
  float* slices = cut.sliced ? memory.take<float>(cut.slice_floats()) : nullptr;
  Product::start(on, a, b, SlicesOr<Out>{out, {slices, cut.m, cut.n}}, cut);
  if (!cut.sliced) return;
  const std::size_t size = std::size_t(cut.m) * std::size_t(cut.n);
  launch<add_slices<Out>>(on, blocks_for(size, 256), 256, 0, slices, cut, out);
}

}  // namespace
}  // namespace hilum
