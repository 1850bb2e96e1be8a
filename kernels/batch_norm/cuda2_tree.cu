// batch_norm, cuda2: blocks that add 256 rows in shared memory.
//
// Idea: the threads of a block have a barrier of their own, so the levels of a tree within a block
// need no launch. A block takes 32 channels and 256 rows, as 32 x 8 threads: a warp reads a line of
// 32 channels, each thread adds every eighth row in a register, and the eight sums of a channel
// meet in shared memory, halved three times. A 256th of the rows is left, and the same kernel adds
// those: two or three launches where cuda1 has four.
// Backward takes both of its sums in one trip.
//
// Bound by: memory: x is read three times (mean, squares, y), backward reads x and dy twice. Fewer
// than 32 channels leave lanes idle.
#include "kernels/batch_norm/cuda_common.h"

namespace hilum {
namespace {

constexpr unsigned block = 256, width = 32, height = block / width;
constexpr std::size_t group = batch_norm_cuda2_group;

using Sums = BatchNormSums;

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
struct Gradients {
  const float *x, *mean, *dy;
  __device__ Sums operator()(std::size_t i, std::size_t c) const {
    return {dy[i], dy[i] * (x[i] - mean[c])};
  }
};
template <class Sum>
struct Itself {
  const Sum* in;
  __device__ Sum operator()(std::size_t i, std::size_t) const { return in[i]; }
};

// [rows, channels] -> [rows / 256, channels]; block b takes 32 channels of 256 rows.
template <class Sum, class Term>
__global__ void tree(std::size_t rows, std::size_t channels, Term term, Sum* out) {
  __shared__ Sum part[height][width];  // [rows of the block, its channels]
  const std::size_t across = (channels + width - 1) / width;
  const unsigned tx = threadIdx.x % width, ty = threadIdx.x / width;
  for (std::size_t b = blockIdx.x; b < across * groups_of(rows, group); b += gridDim.x) {
    const std::size_t k = b / across, c = b % across * width + tx;
    Sum sum = {};
    if (c < channels) {
      const std::size_t end = min((k + 1) * group, rows);
      for (std::size_t m = k * group + ty; m < end; m += height) {
        sum = sum + term(m * channels + c, c);
      }
    }
    part[ty][tx] = sum;
    for (unsigned half = height / 2; half != 0; half /= 2) {
      __syncthreads();
      if (ty < half) part[ty][tx] = part[ty][tx] + part[ty + half][tx];
    }
    if (ty == 0 && c < channels) out[k * channels + c] = part[0][tx];
    __syncthreads();  // before the next round writes
  }
}

template <class Sum, class Term>
void level(const Launch& on, std::size_t rows, std::size_t channels, Term term, Sum* out) {
  const std::size_t blocks = (channels + width - 1) / width * groups_of(rows, group);
  launch<tree<Sum, Term>>(on, blocks_for(blocks, 1), block, 0, rows, channels, term, out);
}

// The line of C sums, in the buffer.
template <class Sum, class Term>
const Sum* sum_of_rows(const Launch& on, const BatchNormProblem& a, Term term, Sum* buffer) {
  return reduce_to_one_line(
      a.rows, a.c, group, buffer, [&](Sum* out) { level(on, a.rows, a.c, term, out); },
      [&](std::size_t rows, const Sum* in, Sum* out) {
        level(on, rows, a.c, Itself<Sum>{in}, out);
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

}  // namespace

// Two lines of C, then the buffers.
HILUM_CUDA_ROW(BatchNormForward, batch_norm_forward_cuda2_tree);
void batch_norm_forward_cuda2_tree(const Launch& on, const BatchNormProblem& a, const float* x,
                                   const float* gamma, const float* beta, const float* running_mean,
                                   const float* running_var, float* y, float* mean, float* inv_std,
                                   float* running_mean_out, float* running_var_out) {
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

HILUM_CUDA_ROW(BatchNormBackward, batch_norm_backward_cuda2_tree);
void batch_norm_backward_cuda2_tree(const Launch& on, const BatchNormProblem& a, const float* x,
                                    const float* gamma, const float* mean, const float* inv_std,
                                    const float* dy, float* dx, float* dgamma, float* dbeta) {
  const Sums* sums = sum_of_rows(on, a, Gradients{x, mean, dy}, static_cast<Sums*>(on.workspace));
  launch<batch_norm_parameter_gradients>(on, blocks_for(a.c, block), block, 0, a.c, sums, inv_std,
                                         dgamma, dbeta);
  launch<batch_norm_input_gradient>(on, blocks_for_channels(a, block), block, 0, a, x, gamma, mean,
                                    inv_std, dy, dx, dgamma, dbeta);
}

}  // namespace hilum
