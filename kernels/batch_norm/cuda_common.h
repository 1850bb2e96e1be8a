// What the CUDA versions of batch_norm share: everything but the sums over the rows, which are what
// each of them is about.
//
// Numbers are taken as deviations from their channel's first one, the pivot x[0,c]: that difference
// is exact or nearly so where the mean is large beside the deviation, and sums of deviations in
// float keep the digits that sums of x would lose. The mean is pivot + center.
#pragma once

#include "kernels/batch_norm/batch_norm.h"
#include "kernels/batch_norm/cuda_workspace.h"
#include "kernels/cuda.h"

namespace hilum {

// The operands of the forward pass.
struct BatchNormTraining {
  const float *x, *gamma, *beta, *running_mean, *running_var;
  float *y, *mean, *inv_std, *running_mean_out, *running_var_out;
};

// Two sums that are taken in one trip.
struct BatchNormSums {
  float plain, weighted;
};
__device__ __forceinline__ BatchNormSums operator+(BatchNormSums a, BatchNormSums b) {
  return {a.plain + b.plain, a.weighted + b.weighted};
}

// Calls make(c)(i) for the elements i of a matrix of rows x channels. A thread's elements are all
// of one channel c, so that what depends on the channel alone is worked out once a thread.
template <class Make>
__device__ __forceinline__ void for_each_of_channel(std::size_t rows, std::size_t channels,
                                                    Make make) {
  const std::size_t step = grid_threads() / channels * channels;
  if (grid_thread() >= step) return;
  auto visit = make(grid_thread() % channels);
  for (std::size_t i = grid_thread(); i < rows * channels; i += step) visit(i);
}
inline unsigned blocks_for_channels(const BatchNormProblem& a, unsigned block) {
  const std::size_t few = a.x_count() / 8;  // elements a thread
  return blocks_for(few > a.c ? few : a.c, block);
}

// From center and squares = sum of (x - mean)^2 to the outputs of C numbers; gives
// gamma / sqrt(var + epsilon).
__device__ inline float batch_norm_finish(const BatchNormProblem& a, const BatchNormTraining& o,
                                          std::size_t c, double center, double squares) {
  const auto rows = static_cast<double>(a.rows);
  const double freedom = a.rows > 1 ? rows - 1 : 1, weight = a.momentum;
  const double mean = o.x[c] + center;
  const double inverse = 1 / sqrt(squares / rows + static_cast<double>(a.epsilon));
  o.mean[c] = static_cast<float>(mean);
  o.inv_std[c] = static_cast<float>(inverse);
  o.running_mean_out[c] = static_cast<float>((1 - weight) * o.running_mean[c] + weight * mean);
  o.running_var_out[c] =
      static_cast<float>((1 - weight) * o.running_var[c] + weight * (squares / freedom));
  return static_cast<float>(o.gamma[c] * inverse);
}

// y = (x - pivot - center) scale + beta; center and scale have C elements.
[[maybe_unused]] static __global__ void batch_norm_normalise(BatchNormProblem a,
                                                             BatchNormTraining o,
                                                             const float* center,
                                                             const float* scale) {
  for_each_of_channel(a.rows, a.c, [&](std::size_t c) {
    return [&, pivot = o.x[c], middle = center[c], factor = scale[c], beta = o.beta[c]](
               std::size_t i) { o.y[i] = ((o.x[i] - pivot) - middle) * factor + beta; };
  });
}

// dx = gamma inv_std (dy - dbeta / rows - (x - mean) inv_std dgamma / rows)
[[maybe_unused]] static __global__ void batch_norm_input_gradient(
    BatchNormProblem a, const float* x, const float* gamma, const float* mean, const float* inv_std,
    const float* dy, float* dx, const float* dgamma, const float* dbeta) {
  const auto rows = static_cast<float>(a.rows);
  for_each_of_channel(a.rows, a.c, [&](std::size_t c) {
    return [=, middle = mean[c], scale = gamma[c] * inv_std[c], plain = dbeta[c] / rows,
            slope = inv_std[c] * (dgamma[c] / rows)](std::size_t i) {
      dx[i] = scale * (dy[i] - plain - (x[i] - middle) * slope);
    };
  });
}

// The statistics are constants: dx = gamma inv_std dy. dx may be dy.
[[maybe_unused]] static __global__ void batch_norm_constant_gradient(BatchNormProblem a,
                                                                     const float* gamma,
                                                                     const float* inv_std,
                                                                     const float* dy, float* dx) {
  for_each_of_channel(a.rows, a.c, [&](std::size_t c) {
    return [=, scale = gamma[c] * inv_std[c]](std::size_t i) { dx[i] = scale * dy[i]; };
  });
}

// inv_std = 1 / sqrt(var + epsilon), of C elements.
[[maybe_unused]] static __global__ void batch_norm_inverse_deviation(BatchNormProblem a,
                                                                     const float* var,
                                                                     float* inv_std) {
  for (std::size_t c = grid_thread(); c < a.c; c += grid_threads()) {
    inv_std[c] = 1 / sqrtf(var[c] + a.epsilon);
  }
}

// A tree over the rows: first(buffer) leaves a line of C states for each `group` rows, then
// next(lines, from, to) the same of those lines, until one is left. Gives that one.
template <class State, class First, class Next>
const State* reduce_to_one_line(std::size_t rows, std::size_t channels, std::size_t group,
                                State* buffer, First first, Next next) {
  State* other = buffer + groups_of(rows, group) * channels;
  first(buffer);
  for (rows = groups_of(rows, group); rows > 1; rows = groups_of(rows, group)) {
    next(rows, static_cast<const State*>(buffer), other);
    State* const last = buffer;
    buffer = other, other = last;
  }
  return buffer;
}

// dbeta and dgamma from the sums of dy and of dy (x - mean), each of C elements.
[[maybe_unused]] static __global__ void batch_norm_parameter_gradients(std::size_t channels,
                                                                       const BatchNormSums* sums,
                                                                       const float* inv_std,
                                                                       float* dgamma,
                                                                       float* dbeta) {
  for (std::size_t c = grid_thread(); c < channels; c += grid_threads()) {
    dbeta[c] = sums[c].plain;
    dgamma[c] = sums[c].weighted * inv_std[c];
  }
}

}  // namespace hilum
