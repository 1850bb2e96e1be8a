// dropout, CPU: chunk by chunk, the words of the mask are drawn into a buffer in the first cache,
// many blocks side by side in vector registers, and then applied. Threads over chunks.
// Bound by the generator: ten rounds of two 32 x 32 bit products for every four elements.
#ifndef HILUM_ISA
#include "kernels/dropout/rows.h"
#include "kernels/elementwise.h"
#include "kernels/philox.h"
#define HILUM_THIS_FILE "kernels/dropout/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void dropout_cpu1(const Launch&, const DropoutProblem& a, const float* x, float* y) {
  HILUM_DISPATCH_ISA(dropout, a, a.threshold(), a.scale(), x, y);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static constexpr std::size_t dropout_chunk = 1024;                  // elements
static constexpr std::size_t chunk_blocks = dropout_chunk / 4 + 1;  // one more where unaligned

// The words of `chunk_blocks` blocks from block `first` on, as Philox{seed}.word() numbers them.
static void draw_words(std::uint64_t seed, std::uint64_t first, std::uint32_t* words) {
#pragma omp simd
  for (std::size_t i = 0; i < chunk_blocks; ++i) {
    const std::uint64_t index = first + i;
    std::uint32_t c0 = static_cast<std::uint32_t>(index), c1 = index >> 32, c2 = 0, c3 = 0;
    std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = seed >> 32;
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t a = static_cast<std::uint64_t>(philox_m0) * c0;
      const std::uint64_t b = static_cast<std::uint64_t>(philox_m1) * c2;
      c0 = static_cast<std::uint32_t>(b >> 32) ^ c1 ^ k0;
      c1 = static_cast<std::uint32_t>(b);
      c2 = static_cast<std::uint32_t>(a >> 32) ^ c3 ^ k1;
      c3 = static_cast<std::uint32_t>(a);
      k0 += philox_w0;
      k1 += philox_w1;
    }
    words[4 * i] = c0;
    words[4 * i + 1] = c1;
    words[4 * i + 2] = c2;
    words[4 * i + 3] = c3;
  }
}

static void dropout(const DropoutProblem& a, std::uint32_t threshold, float scale, const float* x,
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
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
      y[begin + i] = mask[i] >> 8 >= threshold ? x[begin + i] * scale : 0.0f;
    }
  }
}

}  // namespace hilum::HILUM_ISA
#endif
