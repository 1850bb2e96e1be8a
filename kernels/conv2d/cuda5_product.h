// conv2d, CUDA: the product of cuda3_product.h on tensor cores, for rows cuda5_tf32 and cuda5_bf16.
//
// Idea: a warp instruction multiplies 16 x 8 (TF32; bf16: 16 x 16) by 8 columns, inputs rounded,
// sums in float: eight to sixteen times the multiply-adds of the ordinary units. What must keep up
// is what feeds it:
//
//   block  128 x 128, 128 x 64 or 64 x 64 results, four warps; cut_product() says which
//   warp   a quarter: of 64 x 64, 4 + 8 fragments for 32 products: the fewer reads a product, the
//          better
//   stage  64 bytes of the depth (16 floats or 32 bf16) of 128 + 128 rows, 16 KB, four of them:
//          three are in flight while one is multiplied. cp.async copies from memory to shared
//          memory without registers between
//
// ldmatrix takes 16 bytes of eight rows at once, which must lie in eight different groups of four
// banks, and so must what eight lanes copy. A row of 64 bytes has four such pieces: piece i of row
// r stands at i xor r / 2 % 4. Where the depth lies the other way, rows are 8 numbers longer than
// the tile.
#pragma once

#include "kernels/conv2d/cuda3_product.h"

namespace hilum {
namespace {

constexpr int stages = 4;
constexpr int tensor_threads = 128;

// One operand's tile in shared memory, (tile, depth) or (depth, tile) as its pieces lie, and its
// fragments.
template <class Source, int tile>
struct TensorTile {
  using T = typename Source::Element;
  static constexpr bool along_depth = Source::along_depth;
  static constexpr int depth = 64 / static_cast<int>(sizeof(T));
  static constexpr int piece = 16 / static_cast<int>(sizeof(T));
  static constexpr int row = Source::along_depth ? depth : tile + 8;
  static constexpr int bytes =
      (Source::along_depth ? tile : depth) * row * static_cast<int>(sizeof(T));

  __device__ static const T* at(const T* tile_of, int r, int d) {
    if (!Source::along_depth) return tile_of + d * row + r;
    return tile_of + r * row + (d / piece ^ r / 2 % 4) * piece + d % piece;
  }
  // Starts the copies of this thread.
  __device__ __forceinline__ static void fetch(
      const Pieces<Source, tile, depth, tensor_threads>& pieces, const Source& source, int first,
      int end, T* to) {
    pieces.visit(source, first, end, [&](int, int r, int d, const T* from, bool inside) {
      copy_async<16>(const_cast<T*>(at(to, r, d)), from, inside);
    });
  }
};

// How each precision takes fragments from shared memory; `r` and `d` are the fragment's first row
// and depth. See the head of tensor_core.h for what stands in which lane.
struct Tf32 {
  using Plan = Tf32Plan;
  using Element = float;
  static constexpr int depth = 8;  // of an instruction

  // 16 rows of A.
  template <class Tile>
  __device__ __forceinline__ static void load_a(const float* tile, int r, int d, int lane,
                                                std::uint32_t (&a)[4]) {
    if constexpr (Tile::along_depth) {
      // A float is two 16-bit elements: four floats are a row of ldmatrix.
      load_matrices(a, Tile::at(tile, r + lane % 16, d + lane / 16 * 4));
    } else {
      for (int i = 0; i < 4; ++i) {
        a[i] = __float_as_uint(*Tile::at(tile, r + lane / 4 + i % 2 * 8, d + lane % 4 + i / 2 * 4));
      }
    }
    for (std::uint32_t& word : a) word = to_tf32(__uint_as_float(word));
  }
  // 16 columns of B: two fragments.
  template <class Tile>
  __device__ __forceinline__ static void load_b(const float* tile, int r, int d, int lane,
                                                std::uint32_t (&b)[4]) {
    if constexpr (Tile::along_depth) {
      load_matrices(b, Tile::at(tile, r + lane % 8 + lane / 16 * 8, d + lane / 8 % 2 * 4));
    } else {
      for (int i = 0; i < 4; ++i) {
        b[i] = __float_as_uint(*Tile::at(tile, r + lane / 4 + i / 2 * 8, d + lane % 4 + i % 2 * 4));
      }
    }
    for (std::uint32_t& word : b) word = to_tf32(__uint_as_float(word));
  }
  __device__ __forceinline__ static void multiply(float (&sum)[4], const std::uint32_t (&a)[4],
                                                  const std::uint32_t (&b)[2]) {
    mma_tf32(sum, a, b);
  }
};

struct Bf16 {
  using Plan = Bf16Plan;
  using Element = std::uint16_t;
  static constexpr int depth = 16;

  template <class Tile>
  __device__ __forceinline__ static void load_a(const std::uint16_t* tile, int r, int d, int lane,
                                                std::uint32_t (&a)[4]) {
    if constexpr (Tile::along_depth) {
      load_matrices(a, Tile::at(tile, r + lane % 16, d + lane / 16 * 8));
    } else {
      load_matrices_transposed(a,
                               Tile::at(tile, r + lane / 8 % 2 * 8, d + lane % 8 + lane / 16 * 8));
    }
  }
  template <class Tile>
  __device__ __forceinline__ static void load_b(const std::uint16_t* tile, int r, int d, int lane,
                                                std::uint32_t (&b)[4]) {
    if constexpr (Tile::along_depth) {
      load_matrices(b, Tile::at(tile, r + lane % 8 + lane / 16 * 8, d + lane / 8 % 2 * 8));
    } else {
      load_matrices_transposed(b, Tile::at(tile, r + lane / 16 * 8, d + lane % 16));
    }
  }
  __device__ __forceinline__ static void multiply(float (&sum)[4], const std::uint32_t (&a)[4],
                                                  const std::uint32_t (&b)[2]) {
    mma_bf16(sum, a, b);
  }
};

// One stage: 16 * rows x 8 * columns results of this warp, from row m and column n of the tiles on.
template <class Kind, class TileA, class TileB, int rows, int columns>
__device__ __forceinline__ void multiply_stage(const typename Kind::Element* as,
                                               const typename Kind::Element* bs, int m, int n,
                                               int lane, float (&sum)[rows][columns][4]) {
#pragma unroll
  for (int d = 0; d < TileA::depth; d += Kind::depth) {
    std::uint32_t a[rows][4], b[columns][2];
#pragma unroll
    for (int i = 0; i < rows; ++i) Kind::template load_a<TileA>(as, m + i * 16, d, lane, a[i]);
#pragma unroll
    for (int j = 0; j < columns; j += 2) {
      std::uint32_t pair[4];
      Kind::template load_b<TileB>(bs, n + j * 8, d, lane, pair);
      b[j][0] = pair[0], b[j][1] = pair[1], b[j + 1][0] = pair[2], b[j + 1][1] = pair[3];
    }
#pragma unroll
    for (int i = 0; i < rows; ++i) {
#pragma unroll
      for (int j = 0; j < columns; ++j) Kind::multiply(sum[i][j], a[i], b[j]);
    }
  }
}

// Sums of this warp to their rows: lane (g, t) has two neighbours of rows g and g + 8.
template <int rows, int columns, class Out>
__device__ __forceinline__ void store_sums(const Out& out, const Cut& cut, int m, int n, int lane,
                                           const float (&sum)[rows][columns][4]) {
#pragma unroll
  for (int i = 0; i < 2 * rows; ++i) {
    const int row = m + i * 8 + lane / 4;
    if (row >= cut.m) continue;
    float* to = out.row(static_cast<int>(blockIdx.z), row);
#pragma unroll
    for (int j = 0; j < columns; ++j) {
      store_run<2>(out, to, row, n + j * 8 + lane % 4 * 2, cut.n, &sum[i / 2][j][i % 2 * 2]);
    }
  }
}

// blockIdx.x: the tile, columns first; blockIdx.z: the slice.
template <class Kind, int tile_m, int tile_n, class A, class B, class Out>
__global__ void __launch_bounds__(tensor_threads, tile_n == 128   ? 2
                                                  : tile_m == 128 ? 3
                                                                  : 4)
    multiply_tensor(A a, B b, Out out, Cut cut) {
  using T = typename Kind::Element;
  constexpr int rows = tile_m / 32, columns = tile_n / 16;  // fragments of a warp
  using TileA = TensorTile<A, tile_m>;
  using TileB = TensorTile<B, tile_n>;
  constexpr int depth = TileA::depth;
  auto tile_a = [](int stage) {
    return reinterpret_cast<T*>(dynamic_shared<unsigned char>() +
                                stage * (TileA::bytes + TileB::bytes));
  };
  auto tile_b = [](int stage) {
    return reinterpret_cast<T*>(dynamic_shared<unsigned char>() +
                                stage * (TileA::bytes + TileB::bytes) + TileA::bytes);
  };
  const int z = static_cast<int>(blockIdx.z), thread = static_cast<int>(threadIdx.x);
  const int tiles_n = (cut.n + tile_n - 1) / tile_n;
  const int m0 = static_cast<int>(blockIdx.x) / tiles_n * tile_m;
  const int n0 = static_cast<int>(blockIdx.x) % tiles_n * tile_n;
  const int begin = z * cut.slice_depth, end = min(begin + cut.slice_depth, cut.depth);

  const int warp = thread / 32, lane = thread % 32;
  const int m = warp / 2 * (tile_m / 2), n = warp % 2 * (tile_n / 2);
  const bool idle = m0 + m >= cut.m || n0 + n >= cut.n;  // this warp has only padding
  float sum[rows][columns][4] = {};

  const Pieces<A, tile_m, depth, tensor_threads> pieces_a(a, m0);
  const Pieces<B, tile_n, depth, tensor_threads> pieces_b(b, n0);
  auto fetch = [&](int d, int stage) {
    if (d < end) {
      TileA::fetch(pieces_a, a, d, end, tile_a(stage));
      TileB::fetch(pieces_b, b, d, end, tile_b(stage));
    }
    copy_async_commit();
  };
  for (int stage = 0; stage < stages - 1; ++stage) fetch(begin + stage * depth, stage);
  int stage = 0;
  for (int d = begin; d < end; d += depth) {
    copy_async_wait<stages - 2>();
    __syncthreads();  // this stage is there, and the one before it may be overwritten
    fetch(d + (stages - 1) * depth, (stage + stages - 1) % stages);
    if (!idle) multiply_stage<Kind, TileA, TileB>(tile_a(stage), tile_b(stage), m, n, lane, sum);
    stage = (stage + 1) % stages;
  }
  if (!idle) store_sums(out, cut, m0 + m, n0 + n, lane, sum);
}

template <class Kind, class Plan_ = typename Kind::Plan>
struct TensorProduct {
  using Plan = Plan_;
  using Element = typename Kind::Element;

  template <class A, class B, class Out>
  static void start(const Launch& on, const A& a, const B& b, const Out& out, const Cut& cut) {
    with_tile<Plan>(cut, [&](auto m, auto n) {
      launch<multiply_tensor<Kind, m(), n(), A, B, Out>>(
          on, grid_of(cut, 1), tensor_threads,
          stages * (TensorTile<A, m()>::bytes + TensorTile<B, n()>::bytes), a, b, out, cut);
    });
  }
};

}  // namespace
}  // namespace hilum
