// relu6, CPU: one pass over memory, vector registers, threads over blocks of elements.
// Bound by memory: 8 bytes moved an element forward, 12 backward.
#ifndef HILUM_ISA
#include "kernels/elementwise.h"
#include "kernels/relu6/rows.h"
#define HILUM_THIS_FILE "kernels/relu6/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void relu6_forward_cpu1(const Launch&, const Relu6Problem& a, const float* x, float* y) {
  HILUM_DISPATCH_ISA(relu6_forward, a.count, x, y);
}
void relu6_backward_cpu1(const Launch&, const Relu6Problem& a, const float* y, const float* dy,
                         float* dx) {
  HILUM_DISPATCH_ISA(relu6_backward, a.count, y, dy, dx);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static void relu6_forward(std::size_t count, const float* x, float* y) {
  const Vec six = broadcast(6.0f);
  const std::size_t whole = count / lanes * lanes;
#pragma omp parallel for schedule(static) if (count >= parallel_from)
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Vec v = load(x + i);
    const Vec low = v <= Vec{} ? Vec{} : v;
    store(y + i, low >= six ? six : low);
  }
  for (std::size_t i = whole; i < count; ++i) y[i] = x[i] <= 0 ? 0 : x[i] >= 6 ? 6 : x[i];
}

static void relu6_backward(std::size_t count, const float* y, const float* dy, float* dx) {
  const Vec six = broadcast(6.0f);
  const std::size_t whole = count / lanes * lanes;
#pragma omp parallel for schedule(static) if (count >= parallel_from)
  for (std::size_t i = 0; i < whole; i += lanes) {
    const Vec v = load(y + i);
    store(dx + i, (v > Vec{}) & (v < six) ? load(dy + i) : Vec{});
  }
  for (std::size_t i = whole; i < count; ++i) dx[i] = y[i] > 0 && y[i] < 6 ? dy[i] : 0;
}

}  // namespace hilum::HILUM_ISA
#endif
