// batch_norm, cpu1: chunks of rows that stay in the cache between their two sweeps.
//
// Idea: the variance needs the mean first, and sum(x^2) - mean^2 loses every digit where the mean
// is large. So x is cut into chunks of about 64 KiB. Of each a center is taken, the rounded mean,
// and then, from the cache, the sums of the deviations from it and of their squares: one trip
// through memory. In double, the deviations give back what rounding took from the center,
//
//   mean_k = center_k + sum_k / n_k        squares_k about mean_k = squares_k - sum_k^2 / n_k
//
// and the chunks are put together with the formula of T. Chan, G. Golub and R. LeVeque, "Algorithms
// for Computing the Sample Variance" (The American Statistician 37(3), 1983):
//
//   mean = sum of n_k mean_k / rows        squares = sum of squares_k + n_k (mean_k - mean)^2
//
// The cuts follow the shape alone, so every number of threads gives the same bits. The sums of the
// backward passes are taken over the same chunks.
//
// Bound by: memory. Forward reads x twice and writes y; backward reads x and dy twice and writes
// dx: the second trip is what batch norm costs over any other elementwise operation.
// Measured (Sapphire Rapids, one thread, processor time, against oneDNN's time in one interleaved
// run): forward 1.1 to 1.5 times as fast, backward 0.95 to 2.3, inference 0.95 to 1.7; counted once
// an array 7 to 11 GB/s from memory, 70 to 100 % of what a copy reaches.
#ifndef HILUM_ISA

#include "kernels/batch_norm/chunks.h"
#include "kernels/batch_norm/rows.h"

#define HILUM_THIS_FILE "kernels/batch_norm/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {

// Three partial results a chunk and channel, then three lines of C for the loops over x.
std::size_t batch_norm_cpu1_workspace(const BatchNormProblem& a) {
  return (3 * Chunks(a.rows, a.c).count + 3) * a.c * sizeof(float);
}
void batch_norm_forward_cpu1(const Launch& launch, const BatchNormProblem& a, const float* x,
                             const float* gamma, const float* beta, const float* running_mean,
                             const float* running_var, float* y, float* mean, float* inv_std,
                             float* running_mean_out, float* running_var_out) {
  HILUM_DISPATCH_ISA(batch_norm_forward, a, static_cast<float*>(launch.workspace), x, gamma, beta,
                     running_mean, running_var, y, mean, inv_std, running_mean_out,
                     running_var_out);
}
void batch_norm_backward_cpu1(const Launch& launch, const BatchNormProblem& a, const float* x,
                              const float* gamma, const float* mean, const float* inv_std,
                              const float* dy, float* dx, float* dgamma, float* dbeta) {
  HILUM_DISPATCH_ISA(batch_norm_backward, a, static_cast<float*>(launch.workspace), x, gamma, mean,
                     inv_std, dy, dx, dgamma, dbeta);
}
void batch_norm_inference_cpu1(const Launch& launch, const BatchNormProblem& a, const float* x,
                               const float* gamma, const float* beta, const float* running_mean,
                               const float* running_var, float* y) {
  HILUM_DISPATCH_ISA(batch_norm_inference, a, static_cast<float*>(launch.workspace), x, gamma, beta,
                     running_mean, running_var, y);
}
void batch_norm_inference_backward_cpu1(const Launch& launch, const BatchNormProblem& a,
                                        const float* x, const float* gamma,
                                        const float* running_mean, const float* running_var,
                                        const float* dy, float* dx, float* dgamma, float* dbeta) {
  HILUM_DISPATCH_ISA(batch_norm_inference_backward, a, static_cast<float*>(launch.workspace), x,
                     gamma, running_mean, running_var, dy, dx, dgamma, dbeta);
}

}  // namespace hilum

#else

#include "kernels/batch_norm/cpu_channels.h"

namespace hilum::HILUM_ISA {

// y = (x - center) * scale + shift, row by row; center, scale and shift have C elements.
static void normalise(const BatchNormProblem& a, const float* x, const float* center,
                      const float* scale, const float* shift, float* y) {
#pragma omp parallel for schedule(static)
  for (std::size_t m = 0; m < a.rows; ++m) {
    for_channels(
        a.c, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const Vec deviation = load_first(x + m * a.c + c, n) - load_first(center + c, n);
          store_first(y + m * a.c + c,
                      deviation * load_first(scale + c, n) + load_first(shift + c, n), n);
        });
  }
}

// The lines of C that follow the chunks in the workspace.
static float* lines(const BatchNormProblem& a, float* workspace) {
  return workspace + 3 * Chunks(a.rows, a.c).count * a.c;
}

static void batch_norm_forward(const BatchNormProblem& a, float* workspace, const float* x,
                               const float* gamma, const float* beta, const float* running_mean,
                               const float* running_var, float* y, float* mean, float* inv_std,
                               float* running_mean_out, float* running_var_out) {
  float* const scale = lines(a, workspace);
  float* const shift = scale + a.c;
  batch_norm_statistics(a, workspace, x, running_mean, running_var, mean, inv_std, running_mean_out,
                        running_var_out, [=](std::size_t c, double center, double inverse) {
                          scale[c] = static_cast<float>(gamma[c] * inverse);
                          // What rounding took from the mean would shift every y; it is given back
                          // here.
                          shift[c] = static_cast<float>(
                              beta[c] + gamma[c] * inverse * (static_cast<float>(center) - center));
                        });
  normalise(a, x, mean, scale, shift, y);
}

// dbeta = sum of dy, dgamma = sum of dy * (x - mean) * inv_std, over the chunks.
static void sums(const BatchNormProblem& a, float* workspace, const float* x, const float* mean,
                 const float* inv_std, const float* dy, float* dgamma, float* dbeta) {
  const Chunks chunks(a.rows, a.c);
  float* const plain = workspace;  // chunks x C
  float* const weighted = plain + chunks.count * a.c;
#pragma omp parallel for schedule(static)
  for (std::size_t k = 0; k < chunks.count; ++k) {
    const std::size_t length = chunks.length(k);
    const float* dy_chunk = dy + k * chunks.rows * a.c;
    const float* x_chunk = x + k * chunks.rows * a.c;
    two_sums_of_rows(
        length, a.c, plain + k * a.c, weighted + k * a.c,
        [=](std::size_t m, std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const Vec gradient = load_first(dy_chunk + m * a.c + c, n);
          const Vec deviation = load_first(x_chunk + m * a.c + c, n) - load_first(mean + c, n);
          return TwoSums{gradient, gradient * deviation};
        });
  }
  batch_norm_parameter_gradients(chunks, a.c, plain, weighted, inv_std, dgamma, dbeta);
}

// dx = scale * (dy - plain - (x - mean) * slope), each of C elements:
// scale = gamma * inv_std, plain = dbeta / rows, slope = inv_std * dgamma / rows.
static void batch_norm_backward(const BatchNormProblem& a, float* workspace, const float* x,
                                const float* gamma, const float* mean, const float* inv_std,
                                const float* dy, float* dx, float* dgamma, float* dbeta) {
  sums(a, workspace, x, mean, inv_std, dy, dgamma, dbeta);
  float* const scale = lines(a, workspace);
  float* const plain = scale + a.c;
  float* const slope = plain + a.c;
  const auto rows = static_cast<float>(a.rows);
  for (std::size_t c = 0; c < a.c; ++c) {
    scale[c] = gamma[c] * inv_std[c];
    plain[c] = dbeta[c] / rows;
    slope[c] = inv_std[c] * (dgamma[c] / rows);
  }
#pragma omp parallel for schedule(static)
  for (std::size_t m = 0; m < a.rows; ++m) {
    for_channels(
        a.c, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const Vec deviation = load_first(x + m * a.c + c, n) - load_first(mean + c, n);
          const Vec centered = load_first(dy + m * a.c + c, n) - load_first(plain + c, n);
          store_first(dx + m * a.c + c,
                      load_first(scale + c, n) * (centered - deviation * load_first(slope + c, n)),
                      n);
        });
  }
}

static void batch_norm_inference(const BatchNormProblem& a, float* workspace, const float* x,
                                 const float* gamma, const float* beta, const float* running_mean,
                                 const float* running_var, float* y) {
  float* const scale = lines(a, workspace);
  for (std::size_t c = 0; c < a.c; ++c) scale[c] = gamma[c] / std::sqrt(running_var[c] + a.epsilon);
  normalise(a, x, running_mean, scale, beta, y);
}

static void batch_norm_inference_backward(const BatchNormProblem& a, float* workspace,
                                          const float* x, const float* gamma,
                                          const float* running_mean, const float* running_var,
                                          const float* dy, float* dx, float* dgamma, float* dbeta) {
  float* const inv_std = lines(a, workspace);
  for (std::size_t c = 0; c < a.c; ++c) inv_std[c] = 1 / std::sqrt(running_var[c] + a.epsilon);
  sums(a, workspace, x, running_mean, inv_std, dy, dgamma, dbeta);
#pragma omp parallel for schedule(static)
  for (std::size_t m = 0; m < a.rows; ++m) {
    for_channels(
        a.c, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          store_first(dx + m * a.c + c,
                      load_first(gamma + c, n) * load_first(inv_std + c, n) *
                          load_first(dy + m * a.c + c, n),
                      n);
        });
  }
}

}  // namespace hilum::HILUM_ISA
#endif
