// batch_norm, cuda3: one trip for mean and variance, and warps that add by shuffles.
//
// Idea 1: mean and squares are carried along together. A thread takes eight rows at once (eight
// loads on their way), finds their mean and the squares about it in registers, and puts them
// together with what it has: for counts n, means u and squares s of two sets,
//   u = u1 + d n2 / n      s = s1 + s2 + d^2 n1 n2 / n      d = u2 - u1,  n = n1 + n2
// (T. Chan, G. Golub and R. LeVeque, The American Statistician 37(3), 1983; with n2 = 1 it is
// B. Welford's, Technometrics 4(3), 1962). Nothing is lost where the mean is large, as it would be
// in sum(x^2) - mean^2, and x is read once less than by cuda2.
// Idea 2: lanes exchange registers directly. A warp covers 8 channels x 4 rows: 8 floats are a
// sector of 32 bytes, the least that memory moves, and the four rows of a channel meet in two
// shuffles, with no barrier. The warps of a block meet in shared memory, once.
//
// Bound by: memory: x is read twice and y written; backward reads x and dy twice.
#include "kernels/batch_norm/cuda3_rows.h"

namespace hilum {
namespace {

struct Gradients {
  using State = Sums;
  const float *x, *mean, *dy;
  std::size_t channels;
  __device__ Sums operator()(std::size_t first, std::size_t end, std::size_t c) const {
    const float middle = mean[c];
    Sums sum = {};
#pragma unroll 4
    for (std::size_t m = first; m < end; m += lines) {
      const float gradient = dy[m * channels + c];
      sum = sum + Sums{gradient, gradient * (x[m * channels + c] - middle)};
    }
    return sum;
  }
};

}  // namespace

HILUM_CUDA_ROW(BatchNormForward, batch_norm_forward_cuda3_warp);
void batch_norm_forward_cuda3_warp(const Launch& on, const BatchNormProblem& a, const float* x,
                                   const float* gamma, const float* beta, const float* running_mean,
                                   const float* running_var, float* y, float* mean, float* inv_std,
                                   float* running_mean_out, float* running_var_out) {
  const BatchNormTraining o = {x, gamma, beta,    running_mean,     running_var,
                               y, mean,  inv_std, running_mean_out, running_var_out};
  float *center = static_cast<float*>(on.workspace), *scale = center + a.c;
  statistics(on, a, o, center, scale);
  launch<batch_norm_normalise>(on, blocks_for_channels(a, block), block, 0, a, o, center, scale);
}

HILUM_CUDA_ROW(BatchNormBackward, batch_norm_backward_cuda3_warp);
void batch_norm_backward_cuda3_warp(const Launch& on, const BatchNormProblem& a, const float* x,
                                    const float* gamma, const float* mean, const float* inv_std,
                                    const float* dy, float* dx, float* dgamma, float* dbeta) {
  parameter_gradients(on, a, Gradients{x, mean, dy, a.c}, inv_std, dgamma, dbeta,
                      static_cast<float*>(on.workspace));
  launch<batch_norm_input_gradient>(on, blocks_for_channels(a, block), block, 0, a, x, gamma, mean,
                                    inv_std, dy, dx, dgamma, dbeta);
}

HILUM_CUDA_ROW(BatchNormInferenceBackward, batch_norm_inference_backward_cuda3_warp);
void batch_norm_inference_backward_cuda3_warp(const Launch& on, const BatchNormProblem& a,
                                              const float* x, const float* gamma,
                                              const float* running_mean, const float* running_var,
                                              const float* dy, float* dx, float* dgamma,
                                              float* dbeta) {
  float* inv_std = static_cast<float*>(on.workspace);
  launch<batch_norm_inverse_deviation>(on, blocks_for(a.c, block), block, 0, a, running_var,
                                       inv_std);
  parameter_gradients(on, a, Gradients{x, running_mean, dy, a.c}, inv_std, dgamma, dbeta,
                      inv_std + 2 * a.c);
  launch<batch_norm_constant_gradient>(on, blocks_for_channels(a, block), block, 0, a, gamma,
                                       inv_std, dy, dx);
}

}  // namespace hilum
