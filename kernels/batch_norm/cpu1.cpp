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

#include "kernels/batch_norm/rows.h"
#include "kernels/simd_headers.h"

namespace hilum {
namespace {

// Chunks are put together in double, a cache line of channels at a time.
constexpr std::size_t line = 16;

// How the rows are cut: x in pieces of 64 KiB, which with dy beside it still fit the second cache.
struct Chunks {
  std::size_t rows, count;
  explicit Chunks(const BatchNormProblem& a)
      : rows(std::max<std::size_t>(16384 / a.c, 16)), count((a.rows + rows - 1) / rows) {}
  std::size_t length(const BatchNormProblem& a, std::size_t k) const {
    return std::min(rows, a.rows - k * rows);
  }
};

}  // namespace
}  // namespace hilum

#define HILUM_THIS_FILE "kernels/batch_norm/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {

// Three partial results a chunk and channel, then three lines of C for the loops over x.
std::size_t batch_norm_cpu1_workspace(const BatchNormProblem& a) {
  return (3 * Chunks(a).count + 3) * a.c * sizeof(float);
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

namespace hilum::HILUM_ISA {

// Calls body(c, n) for registers of n channels from c on; n is a constant in all but the last.
template <class Body>
static inline __attribute__((always_inline)) void for_channels(std::size_t channels, Body body) {
  std::size_t c = 0;
  for (; c + lanes <= channels; c += lanes) body(c, lanes);
  if (c < channels) body(c, channels - c);
}

// total[c] = the sum of term(row, c, n) over the rows, where term gives n channels from c on. Long
// rows are walked in the order of memory, eight at a time; short ones, which lie close together, a
// register of channels at a time, with four sums in registers that hide each other's latency.
template <class Term>
static inline __attribute__((always_inline)) void sum_of_rows(std::size_t rows,
                                                              std::size_t channels, float* total,
                                                              Term term) {
  if (channels <= 4 * lanes) {
    for_channels(
        channels, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          Vec sums[4] = {};
          std::size_t m = 0;
          for (; m + 4 <= rows; m += 4) {
            for (std::size_t i = 0; i < 4; ++i) sums[i] += term(m + i, c, n);
          }
          for (; m < rows; ++m) sums[0] += term(m, c, n);
          store_first(total + c, (sums[0] + sums[1]) + (sums[2] + sums[3]), n);
        });
    return;
  }
  std::fill_n(total, channels, 0.0f);
  std::size_t m = 0;
  for (; m + 8 <= rows; m += 8) {
    for_channels(
        channels, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const Vec one =
              (term(m, c, n) + term(m + 1, c, n)) + (term(m + 2, c, n) + term(m + 3, c, n));
          const Vec two =
              (term(m + 4, c, n) + term(m + 5, c, n)) + (term(m + 6, c, n) + term(m + 7, c, n));
          store_first(total + c, load_first(total + c, n) + (one + two), n);
        });
  }
  for (; m < rows; ++m) {
    for_channels(
        channels, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          store_first(total + c, load_first(total + c, n) + term(m, c, n), n);
        });
  }
}

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
  return workspace + 3 * Chunks(a).count * a.c;
}

static void batch_norm_forward(const BatchNormProblem& a, float* workspace, const float* x,
                               const float* gamma, const float* beta, const float* running_mean,
                               const float* running_var, float* y, float* mean, float* inv_std,
                               float* running_mean_out, float* running_var_out) {
  const Chunks chunks(a);
  float* const centers = workspace;  // chunks x C, like the next two
  float* const deviations = centers + chunks.count * a.c;
  float* const squares = deviations + chunks.count * a.c;
#pragma omp parallel for schedule(static)
  for (std::size_t k = 0; k < chunks.count; ++k) {
    const std::size_t length = chunks.length(a, k);
    const float* from = x + k * chunks.rows * a.c;
    float* center = centers + k * a.c;
    sum_of_rows(
        length, a.c,
        center, [=](std::size_t m, std::size_t c, std::size_t n) __attribute__((always_inline)) {
          return load_first(from + m * a.c + c, n);
        });
    for (std::size_t c = 0; c < a.c; ++c) center[c] /= static_cast<float>(length);
    auto deviation = [=](std::size_t m, std::size_t c, std::size_t n)
        __attribute__((always_inline)) {
      return load_first(from + m * a.c + c, n) - load_first(center + c, n);
    };
    sum_of_rows(length, a.c, deviations + k * a.c, deviation);
    sum_of_rows(
        length, a.c, squares + k * a.c,
        [=](std::size_t m, std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const Vec apart = deviation(m, c, n);
          return apart * apart;
        });
  }
  float* const scale = lines(a, workspace);
  float* const shift = scale + a.c;
  const auto rows = static_cast<double>(a.rows);
  const double freedom = static_cast<double>(std::max<std::size_t>(a.rows, 2) - 1);
  const double weight = a.momentum;
#pragma omp parallel for schedule(static)
  for (std::size_t c0 = 0; c0 < a.c; c0 += line) {
    const std::size_t width = std::min(line, a.c - c0);
    double total[line] = {}, all_squares[line] = {};
    for (std::size_t k = 0; k < chunks.count; ++k) {
      const std::size_t i = k * a.c + c0;
      const auto length = static_cast<double>(chunks.length(a, k));
      for (std::size_t j = 0; j < width; ++j)
        total[j] += length * centers[i + j] + deviations[i + j];
    }
    for (std::size_t k = 0; k < chunks.count; ++k) {
      const std::size_t i = k * a.c + c0;
      const auto length = static_cast<double>(chunks.length(a, k));
      for (std::size_t j = 0; j < width; ++j) {
        const double back = deviations[i + j] / length;
        const double apart = centers[i + j] + back - total[j] / rows;
        all_squares[j] += squares[i + j] + length * (apart * apart - back * back);
      }
    }
    for (std::size_t j = 0; j < width; ++j) {
      const std::size_t c = c0 + j;
      const double center = total[j] / rows, square = std::max(all_squares[j], 0.0);
      const double inverse = 1 / std::sqrt(square / rows + static_cast<double>(a.epsilon));
      mean[c] = static_cast<float>(center);
      inv_std[c] = static_cast<float>(inverse);
      scale[c] = static_cast<float>(gamma[c] * inverse);
      // What rounding took from the mean would shift every y; it is given back here.
      shift[c] = static_cast<float>(beta[c] + gamma[c] * inverse * (mean[c] - center));
      running_mean_out[c] = static_cast<float>((1 - weight) * running_mean[c] + weight * center);
      running_var_out[c] =
          static_cast<float>((1 - weight) * running_var[c] + weight * (square / freedom));
    }
  }
  normalise(a, x, mean, scale, shift, y);
}

// dbeta = sum of dy, dgamma = sum of dy * (x - mean) * inv_std, over the chunks.
static void sums(const BatchNormProblem& a, float* workspace, const float* x, const float* mean,
                 const float* inv_std, const float* dy, float* dgamma, float* dbeta) {
  const Chunks chunks(a);
  float* const plain = workspace;  // chunks x C
  float* const weighted = plain + chunks.count * a.c;
#pragma omp parallel for schedule(static)
  for (std::size_t k = 0; k < chunks.count; ++k) {
    const std::size_t length = chunks.length(a, k);
    const float* dy_chunk = dy + k * chunks.rows * a.c;
    const float* x_chunk = x + k * chunks.rows * a.c;
    sum_of_rows(
        length, a.c, plain + k * a.c,
        [=](std::size_t m, std::size_t c, std::size_t n)
            __attribute__((always_inline)) { return load_first(dy_chunk + m * a.c + c, n); });
    sum_of_rows(
        length, a.c, weighted + k * a.c,
        [=](std::size_t m, std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const Vec deviation = load_first(x_chunk + m * a.c + c, n) - load_first(mean + c, n);
          return load_first(dy_chunk + m * a.c + c, n) * deviation;
        });
  }
#pragma omp parallel for schedule(static)
  for (std::size_t c0 = 0; c0 < a.c; c0 += line) {
    const std::size_t width = std::min(line, a.c - c0);
    double sum[line] = {}, product[line] = {};
    for (std::size_t k = 0; k < chunks.count; ++k) {
      for (std::size_t j = 0; j < width; ++j) {
        sum[j] += plain[k * a.c + c0 + j];
        product[j] += weighted[k * a.c + c0 + j];
      }
    }
    for (std::size_t j = 0; j < width; ++j) {
      dbeta[c0 + j] = static_cast<float>(sum[j]);
      dgamma[c0 + j] = static_cast<float>(product[j] * inv_std[c0 + j]);
    }
  }
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
