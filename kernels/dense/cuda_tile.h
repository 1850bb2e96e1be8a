// A block's share of a product, for the versions that hold a tile of C in registers: which tile and
// which part of K, the way of A and B from memory over registers into shared memory, and the sum of
// the parts. How the tile is multiplied is what each version is about.
//
// 128 threads, C tile 64 x 64, 16 words deep. A word is what shared memory holds for one place: a
// float, a TF32, or a pair of bf16 that stand behind each other along K.
#pragma once

#include "kernels/cuda.h"
#include "kernels/dense/cuda_product.h"

namespace hilum {
namespace {

constexpr unsigned tile_block = 128, tile_depth = 16;
// 8 more than 64: the four rows of a matrix fragment then lie in banks of their own, and four
// floats at once stay aligned.
constexpr unsigned tile_pitch = dense_tile + 8;

// The block's tile of C and its part [k0, k1) of K.
struct TilePlace {
  std::size_t m0, n0, k0, k1;
  float* c;  // of this part
};
__device__ __forceinline__ TilePlace tile_place(const DenseProduct& p, std::size_t parts,
                                                std::size_t step, float* workspace) {
  const std::size_t across = (p.n + dense_tile - 1) / dense_tile;
  const std::size_t tiles = (p.m + dense_tile - 1) / dense_tile * across;
  const std::size_t part = blockIdx.x / tiles, t = blockIdx.x % tiles;
  const std::size_t steps = (p.k + step - 1) / step;
  const std::size_t k1 = (part + 1) * steps / parts * step;
  return {t / across * dense_tile, t % across * dense_tile, part * steps / parts * step,
          k1 < p.k ? k1 : p.k, parts == 1 ? p.c : workspace + part * p.m * p.n};
}

// One operand's way into shared memory: [16 words along K][64 along M or N]. Threads run along the
// axis that is contiguous in memory. fetch() starts the loads of a step, store() hands them over;
// between the two the step before can be multiplied.
template <class Word>
class TileLoader {
 public:
  // `across` is the stride along M or N, `along` that along K; the tile begins at `first`.
  __device__ TileLoader(const float* at, std::size_t across, std::size_t along, std::size_t first,
                        std::size_t size)
      : along_(along), contiguous_k_(along == 1) {
    const unsigned x = threadIdx.x;
    row_ = contiguous_k_ ? x % tile_depth : x / dense_tile;
    column_ = contiguous_k_ ? x / tile_depth : x % dense_tile;
    next_ = contiguous_k_ ? across * rows_apart : Word::depth * along * columns_apart;
    left_ = first + column_ < size ? size - first - column_ : 0;
    from_ = at + (first + column_) * across + Word::depth * row_ * along;
  }

  __device__ void fetch(std::size_t k0, std::size_t k1) {
    const float* from = from_ + k0 * along_;
    const std::size_t k = k0 + Word::depth * row_;
#pragma unroll
    for (unsigned i = 0; i < count; ++i, from += next_) {
      const bool across = contiguous_k_ ? rows_apart * i < left_ : left_ != 0;
      const std::size_t down = contiguous_k_ ? k : k + Word::depth * columns_apart * i;
#pragma unroll
      for (unsigned j = 0; j < Word::depth; ++j) {
        value_[i][j] = across && down + j < k1 ? from[j * along_] : 0;
      }
    }
  }
  __device__ void store(typename Word::Type* shared) const {
    shared += row_ * tile_pitch + column_;
    const unsigned next = contiguous_k_ ? rows_apart : columns_apart * tile_pitch;
#pragma unroll
    for (unsigned i = 0; i < count; ++i) shared[i * next] = Word::make(value_[i]);
  }

 private:
  static constexpr unsigned count = tile_depth * dense_tile / tile_block;  // words a thread
  // A thread's words are so many places apart: along M or N, or along K.
  static constexpr unsigned rows_apart = tile_block / tile_depth,
                            columns_apart = tile_block / dense_tile;

  const float* from_;  // of the thread's first word
  std::size_t along_, next_, left_;
  unsigned row_, column_;  // of that word in the tile
  bool contiguous_k_;
  float value_[count][Word::depth];
};

// Multiplies a tile: Multiplier::step(a, b) after each 16 words, then store(c, …).
template <class Multiplier>
__global__ void __launch_bounds__(tile_block)
    tile_product(DenseProduct p, std::size_t parts, float* workspace) {
  using Word = typename Multiplier::Word;
  // Two of each: one is multiplied while the other is filled. [2][16 words of K][64 of M, of N]
  __shared__ __align__(16) typename Word::Type a[2][tile_depth * tile_pitch];
  __shared__ __align__(16) typename Word::Type b[2][tile_depth * tile_pitch];
  constexpr std::size_t step = tile_depth * Word::depth;
  const TilePlace place = tile_place(p, parts, step, workspace);
  TileLoader<Word> load_a(p.a.at, p.a.row, p.a.column, place.m0, p.m);
  TileLoader<Word> load_b(p.b.at, p.b.column, p.b.row, place.n0, p.n);
  Multiplier multiplier;

  load_a.fetch(place.k0, place.k1);
  load_b.fetch(place.k0, place.k1);
  unsigned now = 0;
  for (std::size_t k = place.k0; k < place.k1; k += step, now ^= 1) {
    load_a.store(a[now]);
    load_b.store(b[now]);
    __syncthreads();  // the other buffer is free: all have passed its multiplication
    if (k + step < place.k1) {
      load_a.fetch(k + step, place.k1);
      load_b.fetch(k + step, place.k1);
    }
    multiplier.step(a[now], b[now]);
  }
  multiplier.visit([&](unsigned row, unsigned column, float value) {
    const std::size_t m = place.m0 + row, n = place.n0 + column;
    if (m < p.m && n < p.n) place.c[m * p.n + n] = value;
  });
}

// c = sum over the parts, in order.
[[maybe_unused]] static __global__ void add_parts(std::size_t count, std::size_t parts,
                                                  const float* in, float* c) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    float sum = in[i];
    for (std::size_t part = 1; part < parts; ++part) sum += in[part * count + i];
    c[i] = sum;
  }
}

template <class Multiplier>
void run_tiles(const Launch& on, const DenseProduct& p) {
  const std::size_t parts = dense_parts(p.m, p.n, p.k);
  const std::size_t tiles =
      (p.m + dense_tile - 1) / dense_tile * ((p.n + dense_tile - 1) / dense_tile);
  auto* workspace = static_cast<float*>(on.workspace);
  launch<tile_product<Multiplier>>(on, static_cast<unsigned>(tiles * parts), tile_block, 0, p,
                                   parts, workspace);
  if (parts != 1) {
    launch<add_parts>(on, blocks_for(p.m * p.n, 256), 256, 0, p.m * p.n, parts, workspace, p.c);
  }
}

}  // namespace
}  // namespace hilum
