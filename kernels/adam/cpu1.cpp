// adam, CPU: one pass over weights, gradients and both moments. Bound by memory: 28 bytes an
// element; the root and the division hide behind it.
//
// All parameters of a network are one parallel region; of each, thread t takes the t-th part, which
// is the one whose gradient it wrote (kernels/work.h). A single parameter is a list of one.
#ifndef HILUM_ISA
#include "kernels/adam/rows.h"
#include "kernels/elementwise.h"
#include "kernels/work.h"
#define HILUM_THIS_FILE "kernels/adam/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void adam_step_all_cpu1(const Launch&, const AdamAllProblem& a, const float* const* w,
                        const float* const* g, const float* const* m, const float* const* v,
                        float* const* w_out, float* const* m_out, float* const* v_out) {
  HILUM_DISPATCH_ISA(adam_step_all, a.each, a.counts.size(), a.counts.data(), a.total(), w, g, m, v,
                     w_out, m_out, v_out);
}
void adam_step_cpu1(const Launch&, const AdamProblem& a, const float* w, const float* g,
                    const float* m, const float* v, float* w_out, float* m_out, float* v_out) {
  HILUM_DISPATCH_ISA(adam_step_all, a, 1, &a.count, a.count, &w, &g, &m, &v, &w_out, &m_out,
                     &v_out);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static void adam_chunk(const AdamProblem& a, std::size_t count, const float* w, const float* g,
                       const float* m, const float* v, float* w_out, float* m_out, float* v_out) {
  const AdamCoefficients k = adam_coefficients(a);
  const auto decay = static_cast<float>(k.decay_gradient), keep = static_cast<float>(k.keep),
             rate = static_cast<float>(k.rate), root = static_cast<float>(k.root),
             epsilon = static_cast<float>(a.epsilon);
  const auto beta1 = static_cast<float>(a.beta1), rest1 = static_cast<float>(1 - a.beta1),
             beta2 = static_cast<float>(a.beta2), rest2 = static_cast<float>(1 - a.beta2);
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) {
    const float gradient = g[i] + decay * w[i];
    const float first = beta1 * m[i] + rest1 * gradient;
    const float second = beta2 * v[i] + rest2 * gradient * gradient;
    w_out[i] = keep * w[i] - rate * first / (__builtin_sqrtf(second) * root + epsilon);
    m_out[i] = first;
    v_out[i] = second;
  }
}

static void adam_step_all(const AdamProblem& a, std::size_t parameters, const std::size_t* counts,
                          std::size_t total, const float* const* w, const float* const* g,
                          const float* const* m, const float* const* v, float* const* w_out,
                          float* const* m_out, float* const* v_out) {
  constexpr std::size_t line = 16;  // floats of a cache line
#pragma omp parallel if (total >= parallel_from)
  for (std::size_t k = 0; k < parameters; ++k) {
    const Part lines = my_part((counts[k] + line - 1) / line);
    const std::size_t i = lines.begin * line, past = std::min(lines.end * line, counts[k]);
    if (i >= past) continue;
    adam_chunk(a, past - i, w[k] + i, g[k] + i, m[k] + i, v[k] + i, w_out[k] + i, m_out[k] + i,
               v_out[k] + i);
  }
}

}  // namespace hilum::HILUM_ISA
#endif
