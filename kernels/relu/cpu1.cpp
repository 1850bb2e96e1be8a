// relu, CPU: one pass over memory, vector registers, threads over blocks of elements.
// Bound by memory: 8 bytes moved an element forward, 12 backward.
#ifndef HILUM_ISA
#include "kernels/elementwise.h"
#include "kernels/relu/rows.h"
#define HILUM_THIS_FILE "kernels/relu/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void relu_forward_cpu1(const Launch&, const ReluProblem& a, const float* x, float* y) {
  HILUM_DISPATCH_ISA(relu_forward, a.count, x, y);
}
void relu_backward_cpu1(const Launch&, const ReluProblem& a, const float* y, const float* dy,
                        float* dx) {
  HILUM_DISPATCH_ISA(relu_backward, a.count, y, dy, dx);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static void relu_forward(std::size_t count, const float* x, float* y) {
  const std::size_t whole = count / lanes * lanes;
#pragma omp parallel for schedule(static) if (count >= parallel_from)
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Vec v = load(x + i);
    store(y + i, v <= Vec{} ? Vec{} : v);
  }
  for (std::size_t i = whole; i < count; ++i) y[i] = x[i] <= 0 ? 0 : x[i];
}

static void relu_backward(std::size_t count, const float* y, const float* dy, float* dx) {
  const std::size_t whole = count / lanes * lanes;
#pragma omp parallel for schedule(static) if (count >= parallel_from)
  for (std::size_t i = 0; i < whole; i += lanes) {
    store(dx + i, load(y + i) > Vec{} ? load(dy + i) : Vec{});
  }
  for (std::size_t i = whole; i < count; ++i) dx[i] = y[i] > 0 ? dy[i] : 0;
}

}  // namespace hilum::HILUM_ISA
#endif
