// sgd, reference: the formula of sgd.h as a loop.
#pragma once

#include "kernels/sgd/sgd.h"

namespace hilum {

template <class T>
void SgdStep::reference(const SgdProblem& a, const T* w, const T* g, const T* v, T* w_out,
                        T* v_out) {
  const T lr(a.lr), momentum(a.momentum), weight_decay(a.weight_decay);
  for (std::size_t i = 0; i < a.count; ++i) {
    const T gradient = g[i] + weight_decay * w[i];
    T step = gradient;
    if (a.momentum != 0) {
      const T velocity = momentum * v[i] + gradient;
      v_out[i] = velocity;
      step = a.nesterov ? gradient + momentum * velocity : velocity;
    }
    w_out[i] = w[i] - lr * step;
  }
}

}  // namespace hilum
