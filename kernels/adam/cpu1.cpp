// adam, CPU: one pass over weights, gradients and both moments. Bound by memory: 28 bytes an
// element; the root and the division hide behind it.
#ifndef HILUM_ISA
#include "kernels/adam/rows.h"
#include "kernels/elementwise.h"
#define HILUM_THIS_FILE "kernels/adam/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void adam_step_cpu1(const Launch&, const AdamProblem& a, const float* w, const float* g,
                    const float* m, const float* v, float* w_out, float* m_out, float* v_out) {
  HILUM_DISPATCH_ISA(adam_step, a, adam_coefficients(a), w, g, m, v, w_out, m_out, v_out);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static void adam_step(const AdamProblem& a, const AdamCoefficients& k, const float* w,
                      const float* g, const float* m, const float* v, float* w_out, float* m_out,
                      float* v_out) {
  const auto decay = static_cast<float>(k.decay_gradient), keep = static_cast<float>(k.keep),
             rate = static_cast<float>(k.rate), root = static_cast<float>(k.root),
             epsilon = static_cast<float>(a.epsilon);
  const auto beta1 = static_cast<float>(a.beta1), rest1 = static_cast<float>(1 - a.beta1),
             beta2 = static_cast<float>(a.beta2), rest2 = static_cast<float>(1 - a.beta2);
#pragma omp parallel for simd schedule(static) if (parallel : a.count >= parallel_from)
  for (std::size_t i = 0; i < a.count; ++i) {
    const float gradient = g[i] + decay * w[i];
    const float first = beta1 * m[i] + rest1 * gradient;
    const float second = beta2 * v[i] + rest2 * gradient * gradient;
    w_out[i] = keep * w[i] - rate * first / (__builtin_sqrtf(second) * root + epsilon);
    m_out[i] = first;
    v_out[i] = second;
  }
}

}  // namespace hilum::HILUM_ISA
#endif
