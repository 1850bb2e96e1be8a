// adam, reference: the formula of adam.h as a loop.
#pragma once

#include <cmath>

#include "kernels/adam/adam.h"

namespace hilum {

template <class T>
void AdamStep::reference(const AdamProblem& a, const T* w, const T* g, const T* m, const T* v,
                         T* w_out, T* m_out, T* v_out) {
  using std::sqrt;
  const AdamCoefficients k = adam_coefficients(a);
  for (std::size_t i = 0; i < a.count; ++i) {
    const T gradient = g[i] + T(k.decay_gradient) * w[i];
    const T first = T(a.beta1) * m[i] + T(1 - a.beta1) * gradient;
    const T second = T(a.beta2) * v[i] + T(1 - a.beta2) * gradient * gradient;
    w_out[i] = T(k.keep) * w[i] - T(k.rate) * first / (sqrt(second) * T(k.root) + T(a.epsilon));
    m_out[i] = first;
    v_out[i] = second;
  }
}

template <class T>
void AdamStepAll::reference(const AdamAllProblem& a, const T* const* w, const T* const* g,
                            const T* const* m, const T* const* v, T* const* w_out, T* const* m_out,
                            T* const* v_out) {
  AdamProblem one = a.each;
  for (std::size_t k = 0; k < a.counts.size(); ++k) {
    one.count = a.counts[k];
    AdamStep::reference(one, w[k], g[k], m[k], v[k], w_out[k], m_out[k], v_out[k]);
  }
}

}  // namespace hilum
