// Vec: a register of HILUM_LANES floats, for the instruction set being compiled (see isa.h). The
// compiler's vector extensions give + - * / and comparisons; a*b+c becomes a fused multiply-add where
// there is one. No include guard: included once an instruction set, in its own namespace.

namespace hilum::HILUM_ISA {

using Vec = float __attribute__((vector_size(HILUM_LANES * 4)));
using VecInt = std::int32_t __attribute__((vector_size(HILUM_LANES * 4)));
inline constexpr std::size_t lanes = HILUM_LANES;

static inline __attribute__((always_inline)) Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
static inline __attribute__((always_inline)) void store(float* p, Vec v) {
  __builtin_memcpy(p, &v, sizeof v);
}
static inline __attribute__((always_inline)) Vec broadcast(float value) { return value - Vec{}; }

// The first `count` lanes (count <= lanes); the others read as zero and are not written.
static inline __attribute__((always_inline)) Vec load_partial(const float* p, std::size_t count) {
  Vec v = {};
  __builtin_memcpy(&v, p, count * sizeof(float));
  return v;
}
static inline __attribute__((always_inline)) void store_partial(float* p, Vec v,
                                                                std::size_t count) {
  __builtin_memcpy(p, &v, count * sizeof(float));
}

// Lane by lane; like std::max, the second operand where they are equal or either is not a number.
static inline __attribute__((always_inline)) Vec max(Vec a, Vec b) { return a > b ? a : b; }
static inline __attribute__((always_inline)) Vec min(Vec a, Vec b) { return a < b ? a : b; }

// Lanes added pairwise, in an order that depends on nothing but the width.
static inline __attribute__((always_inline)) float sum(Vec v) {
  float lane[lanes];
  __builtin_memcpy(lane, &v, sizeof v);
  for (std::size_t width = lanes / 2; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) lane[i] += lane[i + width];
  }
  return lane[0];
}

}  // namespace hilum::HILUM_ISA
