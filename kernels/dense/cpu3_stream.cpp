// dense, cpu3: forward for few images, where the layer is as fast as w can be read.
//
// Idea: w is read once, straight from where it lies, in long runs; nothing is packed. A tile of
// 4 images x 4 outputs keeps a register of partial sums for each pair while a run of inputs passes
// by: 8 loads for 16 multiply-adds. Runs are short enough for the inputs of all images to stay in
// the second cache; a pair's registers are summed to one number a run, and runs in order.
// Since cpu2_gemm: packing w, which reads it, writes it and reads it again for so few uses.
// Bound by: reading w; from about 8 images on by the multiply-adds.
#ifndef HILUM_ISA

#include "kernels/dense/rows.h"

#define HILUM_THIS_FILE "kernels/dense/cpu3_stream.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {

const char* dense_why_not_stream(const DenseProblem& a) {
  return a.n <= 16 ? nullptr : "gains only where there are few images";
}

void dense_forward_stream(const Launch&, const DenseProblem& a, const float* x, const float* w,
                          float* y) {
  HILUM_DISPATCH_ISA(dense_forward_stream, a, x, w, y);
}

}  // namespace hilum

#else

namespace hilum::HILUM_ISA {
namespace {

// y[n, o] (+)= x[n, :count] . w[o, :count] for `images` x `outputs` pairs.
template <std::size_t images, std::size_t outputs>
void dot_tile(const DenseProblem& a, const float* x, const float* w, std::size_t count, bool add,
              float* y) {
  Vec sums[images][outputs] = {};
  auto step = [&](std::size_t i, std::size_t length) __attribute__((always_inline)) {
    Vec inputs[images];
#pragma GCC unroll 4
    for (std::size_t n = 0; n < images; ++n) inputs[n] = load_first(x + n * a.i + i, length);
#pragma GCC unroll 4
    for (std::size_t o = 0; o < outputs; ++o) {
      const Vec weight = load_first(w + o * a.i + i, length);
#pragma GCC unroll 4
      for (std::size_t n = 0; n < images; ++n) sums[n][o] += inputs[n] * weight;
    }
  };
  const std::size_t whole = count / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes) step(i, lanes);
  if (whole < count) step(whole, count - whole);
  for (std::size_t n = 0; n < images; ++n) {
    for (std::size_t o = 0; o < outputs; ++o) {
      float* to = y + n * a.o + o;
      *to = add ? *to + sum(sums[n][o]) : sum(sums[n][o]);
    }
  }
}

// `outputs` rows of w for all images.
template <std::size_t outputs>
void dot_rows(const DenseProblem& a, const float* x, const float* w, std::size_t count, bool add,
              float* y) {
  std::size_t n = 0;
  for (; n + 4 <= a.n; n += 4) {
    dot_tile<4, outputs>(a, x + n * a.i, w, count, add, y + n * a.o);
  }
  if (a.n - n >= 2) {
    dot_tile<2, outputs>(a, x + n * a.i, w, count, add, y + n * a.o);
    n += 2;
  }
  if (n < a.n) dot_tile<1, outputs>(a, x + n * a.i, w, count, add, y + n * a.o);
}

void dense_forward_stream(const DenseProblem& a, const float* x, const float* w, float* y) {
  const std::size_t run = a.n <= 4 ? a.i : 4096;
  const std::size_t blocks = (a.o + 3) / 4;
#pragma omp parallel
  for (std::size_t i = 0; i < a.i; i += run) {
    const std::size_t count = a.i - i < run ? a.i - i : run;
    // The same blocks are the same thread's in every run, so there is nothing to wait for.
#pragma omp for schedule(static) nowait
    for (std::size_t block = 0; block < blocks; ++block) {
      const std::size_t end = a.o < 4 * block + 4 ? a.o : 4 * block + 4;
      if (end == 4 * block + 4) {
        dot_rows<4>(a, x + i, w + 4 * block * a.i + i, count, i > 0, y + 4 * block);
        continue;
      }
      for (std::size_t o = 4 * block; o < end; ++o) {
        dot_rows<1>(a, x + i, w + o * a.i + i, count, i > 0, y + o);
      }
    }
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
#endif
