// softmax, CPU: each row is read three times while it stays in the first cache, with a polynomial
// exp in vector registers; threads over rows. Bound by exp: about 20 operations an element.
#ifndef HILUM_ISA
#include "kernels/elementwise.h"
#include "kernels/softmax/rows.h"
#define HILUM_THIS_FILE "kernels/softmax/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void softmax_forward_cpu1(const Launch&, const SoftmaxProblem& a, const float* x, float* y) {
  HILUM_DISPATCH_ISA(softmax_forward, a, x, y);
}
}  // namespace hilum

#else
#include "kernels/softmax/simd_softmax.h"

namespace hilum::HILUM_ISA {

static void softmax_forward(const SoftmaxProblem& a, const float* x, float* y) {
#pragma omp parallel for schedule(static) if (a.count() >= parallel_from)
  for (std::size_t n = 0; n < a.n; ++n) softmax_row(a.c, x + n * a.c, y + n * a.c);
}

}  // namespace hilum::HILUM_ISA
#endif
