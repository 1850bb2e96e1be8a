// conv2d, CUDA: our product of float matrices, (m, depth) times (n, depth) transposed, for rows
// cuda3 (of matrices that exist), cuda4 (that do not) and cuda6 (36 at once).
//
// Idea: a block computes tile x tile results, a thread 8 x 8 of them, in registers. Each stage
// brings 8 of the depth to shared memory, depth first, so that for each of the 8 a thread reads 8 +
// 8 numbers in four accesses of 16 bytes and does 64 multiply-adds. While a stage is multiplied,
// the next one is on its way from memory into registers and is then put into the other half of
// shared memory: one barrier a stage.
//
// In a warp 4 x 8 threads cover 32 x 64 results, in quarters, so that the lanes' 16 bytes lie side
// by side or are the same: no bank conflicts. The rows of shared memory are 4 floats longer than
// the tile: then pieces that lie along the depth, whose four floats go to four rows, meet no
// conflict either.
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
    pieces.visit(source, first, end, [&](int i, int, int, const float* from) {
      on_the_way[i] =
          from != nullptr ? *reinterpret_cast<const float4*>(from) : make_float4(0, 0, 0, 0);
    });
  }
  __device__ __forceinline__ void write(const Source& source, float (*to)[tile + 4]) const {
    pieces.visit(source, 0, 0, [&](int i, int row, int depth, const float*) {
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

// Two runs of four, 16 or 32 apart.
__device__ __forceinline__ void load_runs(const float* from, int apart, float (&to)[8]) {
  const float4 low = *reinterpret_cast<const float4*>(from);
  const float4 high = *reinterpret_cast<const float4*>(from + apart);
  to[0] = low.x, to[1] = low.y, to[2] = low.z, to[3] = low.w;
  to[4] = high.x, to[5] = high.y, to[6] = high.z, to[7] = high.w;
}

// blockIdx.x: the tile, columns first; blockIdx.z: batch and slice.
template <int tile, class A, class B, class Out>
__global__ void __launch_bounds__(tile* tile / 64, tile == 128 ? 2 : 6)
    multiply(A a, B b, Out out, Cut cut) {
  constexpr int threads = tile * tile / 64;
  __shared__ __align__(16) float as[2][stage_depth][tile + 4];  // (depth, row of A)
  __shared__ __align__(16) float bs[2][stage_depth][tile + 4];  // (depth, row of B)
  const int z = static_cast<int>(blockIdx.z), thread = static_cast<int>(threadIdx.x);
  const int tiles_n = (cut.n + tile - 1) / tile;
  const int m0 = static_cast<int>(blockIdx.x) / tiles_n * tile;
  const int n0 = static_cast<int>(blockIdx.x) % tiles_n * tile;
  const int begin = z % cut.slices * cut.slice_depth, end = min(begin + cut.slice_depth, cut.depth);
  a.select(z / cut.slices), b.select(z / cut.slices);

  // This thread's results: rows m, m + 1, .. 3 and m + 16, ..; columns n, .. 3 and n + 32, ..
  const int warp = thread / 32, lane = thread % 32;
  const int m = warp / (tile / 64) * 32 + lane / 8 * 4, n = warp % (tile / 64) * 64 + lane % 8 * 4;
  float sum[8][8] = {};

  Stage<A, tile, threads> stage_a(a, m0);
  Stage<B, tile, threads> stage_b(b, n0);
  stage_a.read(a, begin, end), stage_b.read(b, begin, end);
  stage_a.write(a, as[0]), stage_b.write(b, bs[0]);
  __syncthreads();
  int half = 0;
  for (int d = begin; d < end; d += stage_depth) {
    const bool more = d + stage_depth < end;
    if (more) stage_a.read(a, d + stage_depth, end), stage_b.read(b, d + stage_depth, end);
#pragma unroll
    for (int i = 0; i < stage_depth; ++i) {
      float av[8], bv[8];
      load_runs(&as[half][i][m], 16, av);
      load_runs(&bs[half][i][n], 32, bv);
#pragma unroll
      for (int row = 0; row < 8; ++row) {
#pragma unroll
        for (int column = 0; column < 8; ++column) sum[row][column] += av[row] * bv[column];
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
    store_run<4>(out, to, row, n0 + n, cut.n, &sum[i][0]);
    store_run<4>(out, to, row, n0 + n + 32, cut.n, &sum[i][4]);
  }
}

// `batch` products at once.
struct FloatProduct {
  using Element = float;

  template <class A, class B, class Out>
  static void start(const Launch& on, const A& a, const B& b, const Out& out, const Cut& cut,
                    int batch = 1) {
    if (choose_tile(std::size_t(cut.m)) == 128 && choose_tile(std::size_t(cut.n)) == 128) {
      start_tile<128>(on, a, b, out, cut, batch);
    } else {
      start_tile<64>(on, a, b, out, cut, batch);
    }
  }

 private:
  template <int tile, class A, class B, class Out>
  static void start_tile(const Launch& on, const A& a, const B& b, const Out& out, const Cut& cut,
                         int batch) {
    const std::size_t blocks = tiles(std::size_t(cut.m), tile) * tiles(std::size_t(cut.n), tile);
    launch<multiply<tile, A, B, Out>>(
        on, dim3(static_cast<unsigned>(blocks), 1, static_cast<unsigned>(cut.slices * batch)),
        tile * tile / 64, 0, a, b, out, cut);
  }
};

// The whole product; slices, where there are any, by way of the workspace.
template <class Product, class A, class B, class Out>
void multiply_into(const Launch& on, Workspace memory, const A& a, const B& b, const Out& out,
                   const Cut& cut) {
  if constexpr (Out::direct) {
    if (!cut.sliced) return Product::start(on, a, b, out, cut);
  }
  float* slices = memory.take<float>(cut.slice_floats());
  Product::start(on, a, b, Slices{slices, cut.m, cut.n}, cut);
  const std::size_t size = std::size_t(cut.m) * std::size_t(cut.n);
  launch<add_slices<Out>>(on, blocks_for(size, 256), 256, 0, slices, cut, out);
}

}  // namespace
}  // namespace hilum
