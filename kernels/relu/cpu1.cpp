// relu, CPU: one pass over memory, vector registers, threads over blocks of elements.
// Bound by memory: 8 bytes moved an element forward, 12 backward.
#ifndef HILUM_ISA
#include "kernels/elementwise.h"
#include "kernels/relu/rows.h"
#define HILUM_THIS_FILE "kernels/relu/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void relu_forward_cpu1(const Launch&, const ReluProblem& a, const float* x, float* y) {
  HILUM_DISPATCH_ISA(relu_forward, a.count, a.ceiling, x, y);
}
void relu_backward_cpu1(const Launch&, const ReluProblem& a, const float* y, const float* dy,
                        float* dx) {
  HILUM_DISPATCH_ISA(relu_backward, a.count, a.ceiling, y, dy, dx);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static void relu_forward(std::size_t count, float ceiling, const float* x, float* y) {
  const Vec top = broadcast(ceiling);
  const std::size_t whole = count / lanes * lanes;
#pragma omp parallel for schedule(static) if (count >= parallel_from)
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Vec v = load(x + i);
    const Vec low = v <= Vec{} ? Vec{} : v;
    store(y + i, low >= top ? top : low);
  }
  for (std::size_t i = whole; i < count; ++i) {
    y[i] = x[i] <= 0 ? 0 : x[i] >= ceiling ? ceiling : x[i];
  }
}

static void relu_backward(std::size_t count, float ceiling, const float* y, const float* dy,
                          float* dx) {
  const Vec top = broadcast(ceiling);
  const std::size_t whole = count / lanes * lanes;
#pragma omp parallel for schedule(static) if (count >= parallel_from)
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Vec v = load(y + i);
    store(dx + i, (v > Vec{}) & (v < top) ? load(dy + i) : Vec{});
  }
  for (std::size_t i = whole; i < count; ++i) dx[i] = y[i] > 0 && y[i] < ceiling ? dy[i] : 0;
}

}  // namespace hilum::HILUM_ISA
#endif
