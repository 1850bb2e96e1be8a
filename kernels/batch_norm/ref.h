// batch_norm, reference: the formulas of batch_norm.h as loops, a channel after the other.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/batch_norm/batch_norm.h"

namespace hilum {

template <class T>
void BatchNormForward::reference(const BatchNormProblem& a, const T* x, const T* gamma,
                                 const T* beta, const T* running_mean, const T* running_var, T* y,
                                 T* mean, T* inv_std, T* running_mean_out, T* running_var_out) {
  using std::sqrt;
  const auto rows = static_cast<T>(static_cast<double>(a.rows));
  const auto freedom = static_cast<T>(static_cast<double>(std::max<std::size_t>(a.rows, 2) - 1));
  const auto weight = static_cast<T>(a.momentum);
  for (std::size_t c = 0; c < a.c; ++c) {
    T sum = T(0), squares = T(0);
    for (std::size_t m = 0; m < a.rows; ++m) sum += x[m * a.c + c];
    mean[c] = sum / rows;
    for (std::size_t m = 0; m < a.rows; ++m) {
      const T deviation = x[m * a.c + c] - mean[c];
      squares += deviation * deviation;
    }
    inv_std[c] = T(1) / sqrt(squares / rows + static_cast<T>(a.epsilon));
    for (std::size_t m = 0; m < a.rows; ++m) {
      y[m * a.c + c] = gamma[c] * ((x[m * a.c + c] - mean[c]) * inv_std[c]) + beta[c];
    }
    running_mean_out[c] = (T(1) - weight) * running_mean[c] + weight * mean[c];
    running_var_out[c] = (T(1) - weight) * running_var[c] + weight * (squares / freedom);
  }
}

template <class T>
void BatchNormBackward::reference(const BatchNormProblem& a, const T* x, const T* gamma,
                                  const T* mean, const T* inv_std, const T* dy, T* dx, T* dgamma,
                                  T* dbeta) {
  const auto rows = static_cast<T>(static_cast<double>(a.rows));
  for (std::size_t c = 0; c < a.c; ++c) {
    T sum = T(0), sum_xhat = T(0);
    for (std::size_t m = 0; m < a.rows; ++m) {
      const T xhat = (x[m * a.c + c] - mean[c]) * inv_std[c];
      sum += dy[m * a.c + c];
      sum_xhat += dy[m * a.c + c] * xhat;
    }
    dbeta[c] = sum;
    dgamma[c] = sum_xhat;
    for (std::size_t m = 0; m < a.rows; ++m) {
      const T xhat = (x[m * a.c + c] - mean[c]) * inv_std[c];
      dx[m * a.c + c] =
          gamma[c] * inv_std[c] * (dy[m * a.c + c] - sum / rows - xhat * (sum_xhat / rows));
    }
  }
}

template <class T>
void BatchNormInference::reference(const BatchNormProblem& a, const T* x, const T* gamma,
                                   const T* beta, const T* running_mean, const T* running_var,
                                   T* y) {
  using std::sqrt;
  for (std::size_t c = 0; c < a.c; ++c) {
    const T inv_std = T(1) / sqrt(running_var[c] + static_cast<T>(a.epsilon));
    for (std::size_t m = 0; m < a.rows; ++m) {
      y[m * a.c + c] = gamma[c] * ((x[m * a.c + c] - running_mean[c]) * inv_std) + beta[c];
    }
  }
}

template <class T>
void BatchNormInferenceBackward::reference(const BatchNormProblem& a, const T* x, const T* gamma,
                                           const T* running_mean, const T* running_var, const T* dy,
                                           T* dx, T* dgamma, T* dbeta) {
  using std::sqrt;
  for (std::size_t c = 0; c < a.c; ++c) {
    const T inv_std = T(1) / sqrt(running_var[c] + static_cast<T>(a.epsilon));
    T sum = T(0), sum_xhat = T(0);
    for (std::size_t m = 0; m < a.rows; ++m) {
      const T gradient = dy[m * a.c + c];  // read before dx, which may be dy
      sum += gradient;
      sum_xhat += gradient * ((x[m * a.c + c] - running_mean[c]) * inv_std);
      dx[m * a.c + c] = gamma[c] * inv_std * gradient;
    }
    dbeta[c] = sum;
    dgamma[c] = sum_xhat;
  }
}

}  // namespace hilum
