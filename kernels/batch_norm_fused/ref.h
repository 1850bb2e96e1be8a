// batch_norm_fused, reference: the formulas of batch_norm_fused.h as loops.
#pragma once

#include "kernels/batch_norm/ref.h"
#include "kernels/batch_norm_fused/batch_norm_fused.h"

namespace hilum {

template <class T>
T batch_norm_fused_z(const T& x, const T& gamma, const T& beta, const T& mean, const T& inv_std) {
  return gamma * ((x - mean) * inv_std) + beta;
}

template <class T>
void BatchNormFusedRebuild::reference(const BatchNormFusedProblem& a, const T* x, const T* gamma,
                                      const T* beta, const T* shortcut, const T* mean,
                                      const T* inv_std, T* y) {
  for (std::size_t m = 0; m < a.rows; ++m) {
    for (std::size_t c = 0; c < a.c; ++c) {
      const std::size_t i = m * a.c + c;
      T z = batch_norm_fused_z(x[i], gamma[c], beta[c], mean[c], inv_std[c]);
      if (a.shortcut) z += shortcut[i];
      y[m * a.y_row() + c] = a.relu && z <= T(0) ? T(0) : z;
    }
  }
}

template <class T>
void BatchNormFusedForward::reference(const BatchNormFusedProblem& a, const T* x, const T* gamma,
                                      const T* beta, const T* shortcut, const T* running_mean,
                                      const T* running_var, T* y, T* mean, T* inv_std,
                                      T* running_mean_out, T* running_var_out) {
  std::vector<T> plain(a.x_count());  // y may be shortcut, which is read later
  BatchNormForward::reference(a, x, gamma, beta, running_mean, running_var, plain.data(), mean,
                              inv_std, running_mean_out, running_var_out);
  BatchNormFusedRebuild::reference(a, x, gamma, beta, shortcut, mean, inv_std, y);
}

template <class T>
void BatchNormFusedBackward::reference(const BatchNormFusedProblem& a, const T* x, const T* gamma,
                                       const T* beta, const T* mean, const T* inv_std, const T* y,
                                       const T* dy, T* dx, T* dshortcut, T* dgamma, T* dbeta) {
  std::vector<T> g(a.x_count());
  for (std::size_t i = 0; i < a.x_count(); ++i) {
    const std::size_t c = i % a.c;
    g[i] = dy[i / a.c * a.y_row() + c];
    if (!a.relu) continue;
    const T sign =
        a.shortcut ? y[i] : batch_norm_fused_z(x[i], gamma[c], beta[c], mean[c], inv_std[c]);
    if (!(sign > T(0))) g[i] = T(0);
  }
  BatchNormBackward::reference(a, x, gamma, mean, inv_std, g.data(), dx, dgamma, dbeta);
  if (a.shortcut) std::copy(g.begin(), g.end(), dshortcut);
}

}  // namespace hilum
