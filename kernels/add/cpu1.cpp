// add, CPU: one pass over memory, threads over blocks of elements.
// Bound by memory: 12 bytes moved an element.
#ifndef HILUM_ISA
#include "kernels/add/rows.h"
#include "kernels/elementwise.h"
#define HILUM_THIS_FILE "kernels/add/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void add_forward_cpu1(const Launch&, const AddProblem& problem, const float* a, const float* b,
                      float* y) {
  HILUM_DISPATCH_ISA(add_forward, problem.count, a, b, y);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static void add_forward(std::size_t count, const float* a, const float* b, float* y) {
#pragma omp parallel for simd schedule(static) if (parallel : count >= parallel_from)
  for (std::size_t i = 0; i < count; ++i) y[i] = a[i] + b[i];
}

}  // namespace hilum::HILUM_ISA
#endif
