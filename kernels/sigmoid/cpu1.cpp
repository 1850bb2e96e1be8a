// sigmoid, CPU: one pass over memory with a polynomial exp (simd_exp.h) in vector registers.
// Forward is bound by memory once two threads share it: 8 bytes and about 20 operations an element.
#ifndef HILUM_ISA
#include "kernels/elementwise.h"
#include "kernels/sigmoid/rows.h"
#define HILUM_THIS_FILE "kernels/sigmoid/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void sigmoid_forward_cpu1(const Launch&, const SigmoidProblem& a, const float* x, float* y) {
  HILUM_DISPATCH_ISA(sigmoid_forward, a.count, x, y);
}
void sigmoid_backward_cpu1(const Launch&, const SigmoidProblem& a, const float* y, const float* dy,
                           float* dx) {
  HILUM_DISPATCH_ISA(sigmoid_backward, a.count, y, dy, dx);
}
}  // namespace hilum

#else
#include "kernels/simd_exp.h"

namespace hilum::HILUM_ISA {

static void sigmoid_forward(std::size_t count, const float* x, float* y) {
  const Vec one = broadcast(1.0f);
  const std::size_t whole = count / lanes * lanes;
#pragma omp parallel for schedule(static) if (count >= parallel_from)
  for (std::size_t i = 0; i < whole; i += lanes) store(y + i, one / (one + exp(-load(x + i))));
  const std::size_t rest = count - whole;
  store_partial(y + whole, one / (one + exp(-load_partial(x + whole, rest))), rest);
}

static void sigmoid_backward(std::size_t count, const float* y, const float* dy, float* dx) {
#pragma omp parallel for simd schedule(static) if (parallel : count >= parallel_from)
  for (std::size_t i = 0; i < count; ++i) dx[i] = dy[i] * y[i] * (1.0f - y[i]);
}

}  // namespace hilum::HILUM_ISA
#endif
