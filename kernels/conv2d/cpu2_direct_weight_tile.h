// conv2d: what the tiles of backward_weight share, direct and Winograd. Included once an
// instruction set (see isa.h), so there is no include guard; without a name, as in
// cpu2_direct_tile.h.

namespace hilum::HILUM_ISA {
namespace {

constexpr std::size_t tile_m = lanes == 16 ? 14 : lanes == 8 ? 6 : 4;

std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

// sum (M, V*lanes) += M floats of a column times V vectors of a row.
template <std::size_t V, std::size_t M>
inline __attribute__((always_inline)) void add_outer_product(Vec (&sum)[M][V], const float* column,
                                                             const float* row) {
  Vec vectors[V];
#pragma GCC unroll 2
  for (std::size_t v = 0; v < V; ++v) vectors[v] = load(row + v * lanes);
#pragma GCC unroll 16
  for (std::size_t m = 0; m < M; ++m) {
    const Vec value = broadcast(column[m]);
#pragma GCC unroll 2
    for (std::size_t v = 0; v < V; ++v) sum[m][v] += value * vectors[v];
  }
}

// sums += sum, which leaves the registers.
template <std::size_t V, std::size_t M>
inline __attribute__((always_inline)) void add_tile(const Vec (&sum)[M][V], float* sums) {
#pragma GCC unroll 16
  for (std::size_t m = 0; m < M; ++m) {
    for (std::size_t v = 0; v < V; ++v, sums += lanes) store(sums, load(sums) + sum[m][v]);
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
