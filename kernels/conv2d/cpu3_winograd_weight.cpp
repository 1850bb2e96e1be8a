// conv2d, CPU 3, Winograd F(4x4, 3x3): backward_weight, the transpose of the forward pass.
//
// Idea: where forward computes y = A^T [(G g G^T) .* (B^T d B)] A for every tile, its gradient with
// respect to the filter g, summed over the tiles, is
//
//   dg = G^T [ sum over tiles of (A dy A^T) .* (B^T d B) ] G
//
// so the transform back is done once, at the end, and between the two lies, for each of the 36
// elements, one matrix product over the tiles: (K, tiles) times (tiles, C). A block is transformed
// and multiplied at a time: first each thread transforms some of the tiles, then each multiplies
// some elements and channels. That makes every thread read what others have written, so the batch
// is cut into a few shares, each with sums of its own that are added up in order at the end, and a
// block is shared by one share's threads only: by one alone where there are no more threads than
// shares. The number of shares follows from the problem, so the bits do not follow the number of
// threads.
//
// Since cpu2: the multiply-adds fall by 4; added are the transforms of x and dy.
//
// Accuracy: as for forward, with the lengths of the rows of A and B^T weighed by the columns of G:
// the absolute values of what is added sum to (sum over e of |G_ej| |A_e| |B_e| / 4)^2 times the
// direct sum's, 4, 5 and 25 for the three taps. Where few tiles are summed the roundings of the
// four transforms, up to three each on the way of a term, do not average out: the row's tolerance
// is twice that, 50 eps; 31 was seen, with 6 tiles.
//
// Bounds: the multiply-adds, and the memory of the sums where there are many channels and filters.
#ifndef HILUM_ISA
#include "kernels/conv2d/cpu2_direct.h"
#include "kernels/conv2d/rows.h"

namespace hilum {
namespace {

constexpr std::size_t elements = 36;  // of a transformed tile
constexpr std::size_t most_shares = 2;

// How the work is cut.
struct WinogradWeightCut {
  std::size_t tiles_h, tiles_w, tiles;  // of an image, of all images
  std::size_t shares;                   // of the batch, with sums of its own each
  std::size_t block_tiles;              // that are transformed and multiplied together
  std::size_t c, k;                     // rounded up to whole vectors
  std::size_t tile_c, tile_k;           // from tile to tile of the transformed x and dy
  std::size_t x_floats, dy_floats;      // of a block
  std::size_t sum_floats;               // of a share
};

}  // namespace
}  // namespace hilum

#define HILUM_THIS_FILE "kernels/conv2d/cpu3_winograd_weight.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

WinogradWeightCut cut(const Conv2dProblem& a, std::size_t lanes) {
  constexpr std::size_t block_bytes = 2 << 20;  // of a block's transformed x and dy
  constexpr std::size_t sum_bytes = 16 << 20;   // of all shares
  WinogradWeightCut b{};
  b.tiles_h = ceil_div(a.p(), 4), b.tiles_w = ceil_div(a.q(), 4);
  b.tiles = a.n * b.tiles_h * b.tiles_w;
  b.c = ceil_div(a.c, lanes) * lanes, b.k = ceil_div(a.k, lanes) * lanes;
  // Equal places in every page of the L1 cache would drive each other out: an odd number of lines.
  b.tile_c = b.c % 128 == 0 ? b.c + 16 : b.c, b.tile_k = b.k % 128 == 0 ? b.k + 16 : b.k;
  b.sum_floats = elements * a.k * b.c;
  const std::size_t tile_bytes = elements * (b.tile_c + b.tile_k) * sizeof(float);
  b.shares = std::min({sum_bytes / (b.sum_floats * sizeof(float)), b.tiles / 32, most_shares});
  b.shares = std::max<std::size_t>(b.shares, 1);
  // More tiles where there are many sums, which pass through the cache once a block.
  const std::size_t most =
      std::max({block_bytes / tile_bytes, std::min(b.c, b.k), std::size_t{64}});
  const std::size_t tiles = ceil_div(b.tiles, b.shares);  // of a share
  b.block_tiles = ceil_div(tiles, ceil_div(tiles, most));
  b.x_floats = elements * b.block_tiles * b.tile_c;
  b.dy_floats = elements * b.block_tiles * b.tile_k;
  return b;
}

}  // namespace

std::size_t conv2d_backward_weight_cpu3_workspace(const Conv2dProblem& a) {
  const WinogradWeightCut b = cut(a, lanes_now());
  return sizeof(float) *
         (b.shares * (b.x_floats + b.dy_floats + b.sum_floats) + std::max(b.c, b.k));
}

void conv2d_backward_weight_cpu3(const Launch& launch, const Conv2dProblem& a, const float* x,
                                 const float* dy, float* dw) {
  const WinogradWeightCut b = cut(a, lanes_now());
  HILUM_DISPATCH_ISA(winograd_weight, a, b, static_cast<float*>(launch.workspace), x, dy, dw);
}

}  // namespace hilum

#else
#include "kernels/conv2d/cpu2_direct_weight_tile.h"
#include "kernels/conv2d/cpu3_winograd_transforms.h"

namespace hilum::HILUM_ISA {
// Without a name; see cpu2_direct_tile.h.
namespace {

// sums (K filters x V vectors of channels) += dy (tiles x K)^T x (tiles x V vectors).
template <std::size_t V, std::size_t K>
void outer_products(std::size_t tiles, const float* dy, std::size_t dy_tile, const float* x,
                    std::size_t x_tile, float* sums, std::size_t sums_k, bool add) {
  Vec sum[K][V] = {};
  for (std::size_t t = 0; t < tiles; ++t, dy += dy_tile, x += x_tile) {
    add_outer_product<V, K>(sum, dy, x);
  }
#pragma GCC unroll 16
  for (std::size_t k = 0; k < K; ++k) {
#pragma GCC unroll 2
    for (std::size_t v = 0; v < V; ++v) {
      float* to = sums + k * sums_k + v * lanes;
      store(to, add ? load(to) + sum[k][v] : sum[k][v]);
    }
  }
}

using OuterProducts = void (*)(std::size_t, const float*, std::size_t, const float*, std::size_t,
                               float*, std::size_t, bool);
template <std::size_t V, class = std::make_index_sequence<tile_m> >
struct OuterProductsOf;
template <std::size_t V, std::size_t... K>
struct OuterProductsOf<V, std::index_sequence<K...> > {
  static constexpr OuterProducts by_k[] = {outer_products<V, K + 1>...};
};

// A dy A^T of one tile: to (36, block_tiles, K), at this tile.
void transform_dy(const Conv2dProblem& a, const WinogradWeightCut& b, const TilePlace& place,
                  const float* dy, const float* zeros, float* to) {
  const std::size_t p = a.p(), q = a.q();
  const float* pixel[16];
  find_pixels(dy + place.n * p * q * a.k, p, q, a.k, static_cast<std::ptrdiff_t>(place.p),
              static_cast<std::ptrdiff_t>(place.q), 4, zeros, pixel);
  for (std::size_t k = 0; k < b.k; k += lanes) {
    const std::size_t count = a.k - k < lanes ? a.k - k : lanes;
    Vec y[16], half[24], u[elements];  // (4, 4), (6, 4), (6, 6) of one vector of filters
    for (std::size_t e = 0; e < 16; ++e) y[e] = load_first(pixel[e] + k, count);
    for (std::size_t j = 0; j < 4; ++j) output_transform_transposed(y + j, 4, half + j, 4);
    for (std::size_t i = 0; i < 6; ++i) output_transform_transposed(half + 4 * i, 1, u + 6 * i, 1);
    for (std::size_t e = 0; e < elements; ++e) store(to + e * b.block_tiles * b.tile_k + k, u[e]);
  }
}

// One element and up to two vectors of channels from `c` on: sums (K, C) += over a block's tiles.
void multiply(const Conv2dProblem& a, const WinogradWeightCut& b, std::size_t tiles, std::size_t c,
              const float* x, const float* dy, float* sums, bool add) {
  const bool two = c + lanes < b.c;
  const std::size_t groups = (a.k + tile_m - 1) / tile_m;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t begin = a.k * g / groups, rows = a.k * (g + 1) / groups - begin;
    const OuterProducts run =
        two ? OuterProductsOf<2>::by_k[rows - 1] : OuterProductsOf<1>::by_k[rows - 1];
    run(tiles, dy + begin, b.tile_k, x + c, b.tile_c, sums + begin * b.c + c, b.c, add);
  }
}

// G^T M G of one filter and its channels: the shares' sums (36, K, C) to dw (K, 3, 3, C).
void transform_sums(const Conv2dProblem& a, const WinogradWeightCut& b, std::size_t k,
                    const float* sums, float* dw) {
  for (std::size_t c = 0; c < a.c; c += lanes) {
    const std::size_t count = a.c - c < lanes ? a.c - c : lanes;
    Vec m[elements], half[18], g[9];  // (6, 6), (3, 6), (3, 3) of one vector of channels
    for (std::size_t e = 0; e < elements; ++e) {
      const float* from = sums + (e * a.k + k) * b.c + c;
      m[e] = load(from);
      for (std::size_t share = 1; share < b.shares; ++share) {
        m[e] += load(from + share * b.sum_floats);
      }
    }
    for (std::size_t j = 0; j < 6; ++j) filter_transform_transposed(m + j, 6, half + j, 6);
    for (std::size_t i = 0; i < 3; ++i) filter_transform_transposed(half + 6 * i, 1, g + 3 * i, 1);
    for (std::size_t tap = 0; tap < 9; ++tap) {
      store_first(dw + (k * 9 + tap) * a.c + c, g[tap], count);
    }
  }
}

// Where a block of tiles is transformed to, and what its products are added to.
struct WinogradBlock {
  float *x, *dy, *sums;  // (36, block_tiles, C), (36, block_tiles, K), (36, K, C)
};

struct WinogradWeightOperands {
  const float *x, *dy, *zeros;
};

void transform_tile(const Conv2dProblem& a, const WinogradWeightCut& b, std::size_t tile,
                    const WinogradWeightOperands& o, const WinogradBlock& block, std::size_t t) {
  const TilePlace place(b.tiles_h, b.tiles_w, tile);
  transform_input(o.x + place.n * a.h * a.w * a.c, a.h, a.w, a.c,
                  static_cast<std::ptrdiff_t>(place.p) - static_cast<std::ptrdiff_t>(a.pad_h),
                  static_cast<std::ptrdiff_t>(place.q) - static_cast<std::ptrdiff_t>(a.pad_w),
                  o.zeros, block.x + t * b.tile_c, b.block_tiles * b.tile_c);
  transform_dy(a, b, place, o.dy, o.zeros, block.dy + t * b.tile_k);
}

// Element e of the block's products, for up to two vectors of channels from c on.
void multiply_tiles(const Conv2dProblem& a, const WinogradWeightCut& b, std::size_t tiles,
                    std::size_t e, std::size_t c, const WinogradBlock& block, bool add) {
  multiply(a, b, tiles, c, block.x + e * b.block_tiles * b.tile_c,
           block.dy + e * b.block_tiles * b.tile_k, block.sums + e * a.k * b.c, add);
}

// A share of the batch, by the threads of a team.
void add_share(const Conv2dProblem& a, const WinogradWeightCut& b, std::size_t share, Teams& team,
               const WinogradWeightOperands& o, const WinogradBlock& block) {
  const std::size_t begin = b.tiles * share / b.shares, end = b.tiles * (share + 1) / b.shares;
  const std::size_t c_blocks = (b.c + 2 * lanes - 1) / (2 * lanes);
  for (std::size_t first = begin; first < end; first += b.block_tiles) {
    const std::size_t tiles = smaller(end - first, b.block_tiles);
    for (auto [t, past] = team.part(tiles); t < past; ++t) {
      transform_tile(a, b, first + t, o, block, t);
    }
    team.wait();
    for (auto [i, past] = team.part(elements * c_blocks); i < past; ++i) {
      multiply_tiles(a, b, tiles, i / c_blocks, i % c_blocks * 2 * lanes, block, first > begin);
    }
    team.wait();
  }
}

void winograd_weight(const Conv2dProblem& a, const WinogradWeightCut& b, float* workspace,
                     const float* x, const float* dy, float* dw) {
  float* const sums = workspace;
  float* const zeros = sums + b.shares * b.sum_floats;
  const std::size_t widest = b.c > b.k ? b.c : b.k;
  float* const blocks = zeros + widest;
  __builtin_memset(zeros, 0, widest * sizeof(float));
  const WinogradWeightOperands o = {x, dy, zeros};
  Teams teams(b.shares);
#pragma omp parallel
  {
    teams.join();
    for (auto [share, past] = teams.shares(); share < past; ++share) {
      float* const own = blocks + share * (b.x_floats + b.dy_floats);
      add_share(a, b, share, teams, o, {own, own + b.x_floats, sums + share * b.sum_floats});
    }
#pragma omp barrier
#pragma omp for schedule(static)
    for (std::size_t k = 0; k < a.k; ++k) transform_sums(a, b, k, sums, dw);
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
