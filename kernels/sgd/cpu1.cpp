// sgd, CPU: one pass over weights, gradients and velocities. Bound by memory: 20 bytes an element
// with momentum, 12 without.
#ifndef HILUM_ISA
#include "kernels/elementwise.h"
#include "kernels/sgd/rows.h"
#define HILUM_THIS_FILE "kernels/sgd/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void sgd_step_cpu1(const Launch&, const SgdProblem& a, const float* w, const float* g,
                   const float* v, float* w_out, float* v_out) {
  HILUM_DISPATCH_ISA(sgd_step, a, w, g, v, w_out, v_out);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static void sgd_step(const SgdProblem& a, const float* w, const float* g, const float* v,
                     float* w_out, float* v_out) {
  const auto lr = static_cast<float>(a.lr), momentum = static_cast<float>(a.momentum),
             weight_decay = static_cast<float>(a.weight_decay);
  if (a.momentum == 0) {
#pragma omp parallel for simd schedule(static) if (parallel : a.count >= parallel_from)
    for (std::size_t i = 0; i < a.count; ++i) {
      w_out[i] = w[i] - lr * (g[i] + weight_decay * w[i]);
    }
    return;
  }
  // Nesterov's step looks one step ahead: g' + momentum v_out; otherwise it is v_out itself.
  const float of_gradient = a.nesterov ? 1.0f : 0.0f, of_velocity = a.nesterov ? momentum : 1.0f;
#pragma omp parallel for simd schedule(static) if (parallel : a.count >= parallel_from)
  for (std::size_t i = 0; i < a.count; ++i) {
    const float gradient = g[i] + weight_decay * w[i];
    const float velocity = momentum * v[i] + gradient;
    w_out[i] = w[i] - lr * (of_gradient * gradient + of_velocity * velocity);
    v_out[i] = velocity;
  }
}

}  // namespace hilum::HILUM_ISA
#endif
