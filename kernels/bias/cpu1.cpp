// bias, CPU: one pass over memory. Backward cuts the rows into chunks of a fixed number, sums each
// into a line of the workspace and then adds the lines in order, so that the bits do not depend on
// the threads.
// Bound by memory: 8 bytes moved an element forward, 4 backward.
#ifndef HILUM_ISA
#include "kernels/bias/rows.h"
#include "kernels/elementwise.h"
#define HILUM_THIS_FILE "kernels/bias/cpu1.cpp"
namespace hilum {
static constexpr std::size_t rows_per_chunk = 256;
static std::size_t chunks_of(const BiasProblem& a) {
  return (a.rows + rows_per_chunk - 1) / rows_per_chunk;
}
}  // namespace hilum
#include "kernels/foreach_isa.h"

namespace hilum {
void bias_forward_cpu1(const Launch&, const BiasProblem& a, const float* x, const float* b,
                       float* y) {
  HILUM_DISPATCH_ISA(bias_forward, a, x, b, y);
}
void bias_backward_cpu1(const Launch& launch, const BiasProblem& a, const float* dy, float* db) {
  HILUM_DISPATCH_ISA(bias_backward, a, dy, static_cast<float*>(launch.workspace), db);
}
std::size_t bias_backward_cpu1_workspace(const BiasProblem& a) {
  return chunks_of(a) * a.c * sizeof(float);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static void bias_forward(const BiasProblem& a, const float* x, const float* b, float* y) {
#pragma omp parallel for schedule(static) if (a.count() >= parallel_from)
  for (std::size_t row = 0; row < a.rows; ++row) {
    const float* from = x + row * a.c;
    float* to = y + row * a.c;
#pragma omp simd
    for (std::size_t c = 0; c < a.c; ++c) to[c] = from[c] + b[c];
  }
}

static void bias_backward(const BiasProblem& a, const float* dy, float* partial, float* db) {
  const std::size_t chunks = chunks_of(a);
#pragma omp parallel if (a.count() >= parallel_from)
  {
#pragma omp for schedule(static)
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      float* line = partial + chunk * a.c;  // [c]
      std::memset(line, 0, a.c * sizeof(float));
      const std::size_t end = std::min(a.rows, (chunk + 1) * rows_per_chunk);
      std::size_t row = chunk * rows_per_chunk;
      for (; row + 4 <= end; row += 4) {  // four rows a pass: the line is moved less often
        const float* p = dy + row * a.c;
#pragma omp simd
        for (std::size_t c = 0; c < a.c; ++c) {
          line[c] += (p[c] + p[a.c + c]) + (p[2 * a.c + c] + p[3 * a.c + c]);
        }
      }
      for (; row < end; ++row) {
        const float* p = dy + row * a.c;
#pragma omp simd
        for (std::size_t c = 0; c < a.c; ++c) line[c] += p[c];
      }
    }
#pragma omp for schedule(static)
    for (std::size_t c = 0; c < a.c; ++c) {
      double total = 0;
      for (std::size_t chunk = 0; chunk < chunks; ++chunk) total += partial[chunk * a.c + c];
      db[c] = static_cast<float>(total);
    }
  }
}

}  // namespace hilum::HILUM_ISA
#endif
