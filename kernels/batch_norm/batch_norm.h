// batch_norm: normalises every channel over the batch and all pixels (S. Ioffe and C. Szegedy,
// "Batch Normalization", ICML 2015). x is NHWC; here it is a matrix of `rows` = N H W lines of C
// channels, and sums run over the rows m.
//
// Training, pass `forward`:
//   mean[c]    = 1/rows * sum over m of x[m,c]
//   var[c]     = 1/rows * sum over m of (x[m,c] - mean[c])^2              biased
//   inv_std[c] = 1 / sqrt(var[c] + epsilon)                               epsilon inside the root
//   y[m,c]     = gamma[c] * xhat[m,c] + beta[c],  xhat = (x[m,c] - mean[c]) * inv_std[c]
//   running_mean_out = (1 - momentum) * running_mean + momentum * mean
//   running_var_out  = (1 - momentum) * running_var  + momentum * var * rows / (rows - 1)  unbiased
// momentum is the weight of the new value (0.1, as torch counts it). With a single row the variance
// is 0 and so is the unbiased one; y is then beta. mean and inv_std are kept for backward.
// The running outputs may be written in place of the running inputs.
//
// Training, pass `backward` (mean and inv_std depend on x):
//   dbeta[c]  = sum over m of dy[m,c]
//   dgamma[c] = sum over m of dy[m,c] * xhat[m,c]
//   dx[m,c]   = gamma[c] * inv_std[c] * (dy[m,c] - dbeta[c] / rows - xhat[m,c] * dgamma[c] / rows)
//
// Inference, and training with frozen statistics: `inference` and `inference_backward` take
// running_mean and running_var as constants:
//   y = gamma * (x - running_mean) / sqrt(running_var + epsilon) + beta
//   dx = gamma * dy / sqrt(running_var + epsilon); dbeta and dgamma as above, with that xhat.
// dx may be dy in `inference_backward`, y may be x in `inference`.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct BatchNormProblem {
  std::size_t rows, c;  // N H W, channels
  float epsilon = 1e-5f;
  float momentum = 0.1f;

  std::size_t x_count() const { return rows * c; }

  std::string describe() const;  // "50176x64"
};

// Throws a usage error where a size is zero, epsilon is not positive, or momentum outside of [0,
// 1].
void check(const BatchNormProblem& problem);

struct BatchNormForward {
  using Problem = BatchNormProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* gamma,
                            const float* beta, const float* running_mean, const float* running_var,
                            float* y, float* mean, float* inv_std, float* running_mean_out,
                            float* running_var_out);
  static constexpr const char* op = "batch_norm";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<BatchNormForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* gamma, const T* beta,
                        const T* running_mean, const T* running_var, T* y, T* mean, T* inv_std,
                        T* running_mean_out, T* running_var_out);
};

struct BatchNormBackward {
  using Problem = BatchNormProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* gamma,
                            const float* mean, const float* inv_std, const float* dy, float* dx,
                            float* dgamma, float* dbeta);
  static constexpr const char* op = "batch_norm";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<BatchNormBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* gamma, const T* mean, const T* inv_std,
                        const T* dy, T* dx, T* dgamma, T* dbeta);
};

struct BatchNormInference {
  using Problem = BatchNormProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* gamma,
                            const float* beta, const float* running_mean, const float* running_var,
                            float* y);
  static constexpr const char* op = "batch_norm";
  static constexpr const char* pass = "inference";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<BatchNormInference>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* gamma, const T* beta,
                        const T* running_mean, const T* running_var, T* y);
};

struct BatchNormInferenceBackward {
  using Problem = BatchNormProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* gamma,
                            const float* running_mean, const float* running_var, const float* dy,
                            float* dx, float* dgamma, float* dbeta);
  static constexpr const char* op = "batch_norm";
  static constexpr const char* pass = "inference_backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<BatchNormInferenceBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* gamma, const T* running_mean,
                        const T* running_var, const T* dy, T* dx, T* dgamma, T* dbeta);
};

}  // namespace hilum
