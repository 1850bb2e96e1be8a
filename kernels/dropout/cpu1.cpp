// dropout, CPU: chunk by chunk, the words of the mask are drawn into a buffer in the first cache,
// many blocks side by side in vector registers, and then applied. Threads over chunks.
// Bound by the generator: ten rounds of two 32 x 32 bit products for every four elements. Measured
// on one core: 1.0 ns an element with AVX-512, 1.5 with AVX2.
#ifndef HILUM_ISA
#include "kernels/dropout/rows.h"
#include "kernels/elementwise.h"
#include "kernels/philox.h"
#define HILUM_THIS_FILE "kernels/dropout/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void dropout_cpu1(const Launch&, const DropoutProblem& a, const float* x, float* y) {
  HILUM_DISPATCH_ISA(dropout, a, static_cast<std::int32_t>(a.threshold()), a.scale(), x, y);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

// Half as many 64-bit lanes. A word of a block lies in the lower half of its lane; what is in the
// upper half is never looked at, so nothing needs masking on the way.
using Words = std::uint64_t __attribute__((vector_size(HILUM_LANES * 4)));
static constexpr std::size_t blocks_at_once = lanes / 2;

static constexpr std::size_t dropout_chunk = 2048;  // elements
// Blocks that a chunk may touch (one more where its first word is inside a block), in whole
// registers; the last register of words to be read reaches no further.
static constexpr std::size_t chunk_blocks = dropout_chunk / 4 + 8;

// Lower halves times m: all 64 bits.
static inline __attribute__((always_inline)) Words product(Words a, std::uint32_t m) {
  const Words b = Words{} + m;
#if HILUM_LANES == 16
  return (Words)_mm512_maskz_mul_epu32(0xFF, (__m512i)a, (__m512i)b);
#elif HILUM_LANES == 8
  return (Words)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
  return (Words)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xFFFFFFFF) * b;
#endif
}

// The words of `chunk_blocks` blocks from block `first` on, as Philox{seed}.word() numbers them.
static inline void draw_words(std::uint64_t seed, std::uint64_t first, std::uint32_t* words) {
  Words lane;
  for (std::size_t i = 0; i < blocks_at_once; ++i) lane[i] = i;
  Words keys[10][2];
  for (std::uint32_t round = 0; round < 10; ++round) {
    keys[round][0] = Words{} + (static_cast<std::uint32_t>(seed) + round * philox_w0);
    keys[round][1] = Words{} + (static_cast<std::uint32_t>(seed >> 32) + round * philox_w1);
  }
  for (std::size_t block = 0; block < chunk_blocks; block += blocks_at_once) {
    const Words index = lane + (first + block);
    Words c0 = index, c1 = index >> 32, c2 = {}, c3 = {};
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const Words a = product(c0, philox_m0), b = product(c2, philox_m1);
      c0 = (b >> 32) ^ c1 ^ keys[round][0];
      c1 = b;
      c2 = (a >> 32) ^ c3 ^ keys[round][1];
      c3 = a;
    }
    // Two words a lane, then the lanes of a block side by side.
    const Words low = (c0 & 0xFFFFFFFF) | c1 << 32, high = (c2 & 0xFFFFFFFF) | c3 << 32;
#if HILUM_LANES == 16
    const Words first_half = __builtin_shufflevector(low, high, 0, 8, 1, 9, 2, 10, 3, 11);
    const Words second_half = __builtin_shufflevector(low, high, 4, 12, 5, 13, 6, 14, 7, 15);
#elif HILUM_LANES == 8
    const Words first_half = __builtin_shufflevector(low, high, 0, 4, 1, 5);
    const Words second_half = __builtin_shufflevector(low, high, 2, 6, 3, 7);
#else
    const Words first_half = __builtin_shufflevector(low, high, 0, 2);
    const Words second_half = __builtin_shufflevector(low, high, 1, 3);
#endif
    __builtin_memcpy(words + 4 * block, &first_half, sizeof first_half);
    __builtin_memcpy(words + 4 * block + lanes, &second_half, sizeof second_half);
  }
}

// The lanes whose words keep them; the others are zero.
static inline __attribute__((always_inline)) Vec thin_out(Vec v, const std::uint32_t* words,
                                                          std::int32_t threshold) {
  using Bits = std::uint32_t __attribute__((vector_size(HILUM_LANES * 4)));
  Bits bits;
  __builtin_memcpy(&bits, words, sizeof bits);
  return (VecInt)(bits >> 8) >= threshold ? v : Vec{};
}

static void dropout(const DropoutProblem& a, std::int32_t threshold, float scale, const float* x,
                    float* y) {
  const std::size_t chunks = (a.count + dropout_chunk - 1) / dropout_chunk;
#pragma omp parallel for schedule(static) if (a.count >= parallel_from)
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const std::size_t begin = chunk * dropout_chunk;
    const std::size_t count = std::min(dropout_chunk, a.count - begin);
    const std::uint64_t first = a.offset + begin;
    alignas(64) std::uint32_t words[4 * chunk_blocks];
    draw_words(a.seed, first / 4, words);
    const std::uint32_t* mask = words + first % 4;
    const std::size_t whole = count / lanes * lanes, rest = count - whole;
    for (std::size_t i = 0; i < whole; i += lanes) {
      store(y + begin + i, thin_out(load(x + begin + i) * scale, mask + i, threshold));
    }
    const Vec last = load_partial(x + begin + whole, rest) * scale;
    store_partial(y + begin + whole, thin_out(last, mask + whole, threshold), rest);
  }
}

}  // namespace hilum::HILUM_ISA
#endif
