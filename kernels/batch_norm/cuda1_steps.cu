// batch_norm, cuda1: a kernel per step of each reduction.
//
// Idea: a sum over the rows is a tree, and the only barrier that all threads of a GPU share is the
// end of a kernel. So each level of the tree is a launch: a thread adds 32 rows of one channel, and
// what comes out is a matrix of a 32nd of the rows, until one row is left. Neighbouring threads
// take neighbouring channels, so each warp reads whole lines of memory.
// The variance needs the mean first: a second tree, of squares, follows the first.
//
// Bound by: memory and launches. x is read three times (mean, squares, y), backward reads x twice
// and dy three times, each tree is up to four launches, and the upper levels occupy a few threads
// only.
#include "kernels/batch_norm/cuda_common.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;
constexpr std::size_t group = batch_norm_cuda1_group;  // rows that a thread adds

// Terms of a sum, at element i of channel c.
struct Deviation {
  const float* x;
  __device__ float operator()(std::size_t i, std::size_t c) const { return x[i] - x[c]; }
};
struct Square {
  const float *x, *center;
  __device__ float operator()(std::size_t i, std::size_t c) const {
    const float deviation = (x[i] - x[c]) - center[c];
    return deviation * deviation;
  }
};
struct Itself {
  const float* x;
  __device__ float operator()(std::size_t i, std::size_t) const { return x[i]; }
};
struct Product {
  const float *x, *mean, *dy;
  __device__ float operator()(std::size_t i, std::size_t c) const {
    return dy[i] * (x[i] - mean[c]);
  }
};

// [rows, channels] -> [rows / 32, channels]
template <class Term>
__global__ void add_groups(std::size_t rows, std::size_t channels, Term term, float* out) {
  const std::size_t count = (rows + group - 1) / group * channels;
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    const auto [k, c] = divide(i, channels);
    const std::size_t first = k * group;
    const std::size_t end = min(first + group, rows);
    float sum = 0;
    for (std::size_t m = first; m < end; ++m) sum += term(m * channels + c, c);
    out[i] = sum;
  }
}

template <class Term>
void level(const Launch& on, std::size_t rows, std::size_t channels, Term term, float* out) {
  launch<add_groups<Term>>(on, blocks_for(groups_of(rows, group) * channels, block), block, 0, rows,
                           channels, term, out);
}

// The line of C sums, in the buffer.
template <class Term>
const float* sum_of_rows(const Launch& on, const BatchNormProblem& a, Term term, float* buffer) {
  return reduce_to_one_line(
      a.rows, a.c, group, buffer, [&](float* out) { level(on, a.rows, a.c, term, out); },
      [&](std::size_t rows, const float* in, float* out) {
        level(on, rows, a.c, Itself{in}, out);
      });
}

__global__ void store_center(BatchNormProblem a, const float* sum, float* center) {
  for (std::size_t c = grid_thread(); c < a.c; c += grid_threads()) {
    center[c] = static_cast<float>(sum[c] / static_cast<double>(a.rows));
  }
}

__global__ void store_statistics(BatchNormProblem a, BatchNormTraining o, const float* center,
                                 const float* squares, float* scale) {
  for (std::size_t c = grid_thread(); c < a.c; c += grid_threads()) {
    scale[c] = batch_norm_finish(a, o, c, center[c], squares[c]);
  }
}

__global__ void store_product(std::size_t channels, const float* sum, const float* factor,
                              float* out) {
  for (std::size_t c = grid_thread(); c < channels; c += grid_threads()) {
    out[c] = factor != nullptr ? sum[c] * factor[c] : sum[c];
  }
}

void parameter_gradients(const Launch& on, const BatchNormProblem& a, const float* x,
                         const float* mean, const float* inv_std, const float* dy, float* dgamma,
                         float* dbeta, float* buffer) {
  const unsigned blocks = blocks_for(a.c, block);
  const float* none = nullptr;
  const float* sum = sum_of_rows(on, a, Itself{dy}, buffer);
  launch<store_product>(on, blocks, block, 0, a.c, sum, none, dbeta);
  sum = sum_of_rows(on, a, Product{x, mean, dy}, buffer);
  launch<store_product>(on, blocks, block, 0, a.c, sum, inv_std, dgamma);
}

}  // namespace

// Two lines of C, then the buffers.
HILUM_CUDA_ROW(BatchNormForward, batch_norm_forward_cuda1_steps);
void batch_norm_forward_cuda1_steps(const Launch& on, const BatchNormProblem& a, const float* x,
                                    const float* gamma, const float* beta,
                                    const float* running_mean, const float* running_var, float* y,
                                    float* mean, float* inv_std, float* running_mean_out,
                                    float* running_var_out) {
  const BatchNormTraining o = {x, gamma, beta,    running_mean,     running_var,
                               y, mean,  inv_std, running_mean_out, running_var_out};
  float *center = static_cast<float*>(on.workspace), *scale = center + a.c, *buffer = scale + a.c;
  const unsigned blocks = blocks_for(a.c, block);
  const float* sum = sum_of_rows(on, a, Deviation{x}, buffer);
  launch<store_center>(on, blocks, block, 0, a, sum, center);
  sum = sum_of_rows(on, a, Square{x, center}, buffer);
  launch<store_statistics>(on, blocks, block, 0, a, o, center, sum, scale);
  launch<batch_norm_normalise>(on, blocks_for_channels(a, block), block, 0, a, o, center, scale);
}

HILUM_CUDA_ROW(BatchNormBackward, batch_norm_backward_cuda1_steps);
void batch_norm_backward_cuda1_steps(const Launch& on, const BatchNormProblem& a, const float* x,
                                     const float* gamma, const float* mean, const float* inv_std,
                                     const float* dy, float* dx, float* dgamma, float* dbeta) {
  parameter_gradients(on, a, x, mean, inv_std, dy, dgamma, dbeta,
                      static_cast<float*>(on.workspace));
  launch<batch_norm_input_gradient>(on, blocks_for_channels(a, block), block, 0, a, x, gamma, mean,
                                    inv_std, dy, dx, dgamma, dbeta);
}

namespace {

__global__ void inference(BatchNormProblem a, const float* x, const float* gamma, const float* beta,
                          const float* mean, const float* var, float* y) {
  for_each_of_channel(a.rows, a.c, [&](std::size_t c) {
    return [=, middle = mean[c], scale = gamma[c] / sqrtf(var[c] + a.epsilon),
            shift = beta[c]](std::size_t i) { y[i] = (x[i] - middle) * scale + shift; };
  });
}

}  // namespace

HILUM_CUDA_ROW(BatchNormInference, batch_norm_inference_cuda1_steps);
void batch_norm_inference_cuda1_steps(const Launch& on, const BatchNormProblem& a, const float* x,
                                      const float* gamma, const float* beta,
                                      const float* running_mean, const float* running_var,
                                      float* y) {
  launch<inference>(on, blocks_for_channels(a, block), block, 0, a, x, gamma, beta, running_mean,
                    running_var, y);
}

HILUM_CUDA_ROW(BatchNormInferenceBackward, batch_norm_inference_backward_cuda1_steps);
void batch_norm_inference_backward_cuda1_steps(const Launch& on, const BatchNormProblem& a,
                                               const float* x, const float* gamma,
                                               const float* running_mean, const float* running_var,
                                               const float* dy, float* dx, float* dgamma,
                                               float* dbeta) {
  float *inv_std = static_cast<float*>(on.workspace), *buffer = inv_std + a.c;
  launch<batch_norm_inverse_deviation>(on, blocks_for(a.c, block), block, 0, a, running_var,
                                       inv_std);
  parameter_gradients(on, a, x, running_mean, inv_std, dy, dgamma, dbeta, buffer);
  launch<batch_norm_constant_gradient>(on, blocks_for_channels(a, block), block, 0, a, gamma,
                                       inv_std, dy, dx);
}

}  // namespace hilum
