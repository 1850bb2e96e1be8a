// Vec: a register of HILUM_LANES floats, for the instruction set being compiled (see isa.h). The
// compiler's vector extensions give + - * / and comparisons; a*b+c becomes a fused multiply-add
// where there is one. No include guard: included once an instruction set, in its own namespace.

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

// The first `count` lanes (count <= lanes); the others read as zero and are not written, nor is
// their memory touched.
#if HILUM_LANES == 16
static inline __attribute__((always_inline)) __mmask16 first_lanes(std::size_t count) {
  return static_cast<__mmask16>((1u << count) - 1);
}
static inline __attribute__((always_inline)) Vec load_partial(const float* p, std::size_t count) {
  return (Vec)_mm512_maskz_loadu_ps(first_lanes(count), p);
}
static inline __attribute__((always_inline)) void store_partial(float* p, Vec v,
                                                                std::size_t count) {
  _mm512_mask_storeu_ps(p, first_lanes(count), (__m512)v);
}
#elif HILUM_LANES == 8
static inline __attribute__((always_inline)) __m256i first_lanes(std::size_t count) {
  const VecInt lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return (__m256i)(lane < static_cast<std::int32_t>(count));
}
static inline __attribute__((always_inline)) Vec load_partial(const float* p, std::size_t count) {
  return (Vec)_mm256_maskload_ps(p, first_lanes(count));
}
static inline __attribute__((always_inline)) void store_partial(float* p, Vec v,
                                                                std::size_t count) {
  _mm256_maskstore_ps(p, first_lanes(count), (__m256)v);
}
#else
static inline __attribute__((always_inline)) Vec load_partial(const float* p, std::size_t count) {
  Vec v = {};
  __builtin_memcpy(&v, p, count * sizeof(float));
  return v;
}
static inline __attribute__((always_inline)) void store_partial(float* p, Vec v,
                                                                std::size_t count) {
  __builtin_memcpy(p, &v, count * sizeof(float));
}
#endif

// The same where `count` may also be all of them, which is then as fast as load and store.
static inline __attribute__((always_inline)) Vec load_first(const float* p, std::size_t count) {
  return count == lanes ? load(p) : load_partial(p, count);
}
static inline __attribute__((always_inline)) void store_first(float* p, Vec v, std::size_t count) {
  if (count == lanes) {
    store(p, v);
  } else {
    store_partial(p, v, count);
  }
}

// Writes around the caches; p is aligned to the register. When and how: kernels/around.h.
static inline __attribute__((always_inline)) void store_around(float* p, Vec v) {
#if HILUM_LANES == 16
  _mm512_stream_ps(p, (__m512)v);
#elif HILUM_LANES == 8
  _mm256_stream_ps(p, (__m256)v);
#elif defined(__x86_64__)
  _mm_stream_ps(p, (__m128)v);
#else
  store(p, v);
#endif
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
