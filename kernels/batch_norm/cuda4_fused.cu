// batch_norm, cuda4: everything in one launch, and memory touched once.
//
// Idea: where all rows of eight channels fit into the shared memory of a block, the block reads
// them once, and takes the mean, the squares about it and y from there: two trips where cuda3 has
// three, one launch where it has four or five. With the numbers at hand the plain two-pass variance
// is the simplest, and as exact as any. Backward keeps the slabs of x and dy. The sums of a channel
// meet by shuffles in a warp (8 channels x 4 rows) and in shared memory across warps; every thread
// then adds the warps' sums itself, in the same order.
//
// Bound by: memory, 8 bytes an element forward and 12 backward; with few channels (eight a block)
// by the number of blocks.
#include "kernels/batch_norm/cuda_common.h"

namespace hilum {
namespace {

constexpr unsigned block = 512, width = batch_norm_cuda4_channels, warps = block / 32,
                   lines = block / width;

// The sum over the block of each channel's values, known to all threads.
__device__ float sum_over_rows(float value, float (&part)[warps][width]) {
  value += __shfl_xor_sync(0xFFFFFFFF, value, 8);
  value += __shfl_xor_sync(0xFFFFFFFF, value, 16);
  __syncthreads();  // part may still be read by those who are behind
  if (threadIdx.x % 32 < width) part[threadIdx.x / 32][threadIdx.x % width] = value;
  __syncthreads();
  float sum = 0;
  for (unsigned i = 0; i < warps; ++i) sum += part[i][threadIdx.x % width];
  return sum;
}

__global__ void forward(BatchNormProblem a, BatchNormTraining o) {
  __shared__ float part[warps][width];
  float* slab = dynamic_shared<float>();  // [rows, 8]: deviations from the pivot
  const unsigned tx = threadIdx.x % width, ty = threadIdx.x / width;
  const std::size_t c = std::size_t{blockIdx.x} * width + tx;
  const bool inside = c < a.c;
  const float pivot = inside ? o.x[c] : 0;
  const auto rows = static_cast<float>(a.rows);

  float sum = 0;
  for (std::size_t m = ty; m < a.rows; m += lines) {
    const float deviation = inside ? o.x[m * a.c + c] - pivot : 0;
    slab[m * width + tx] = deviation;
    sum += deviation;
  }
  const float center = sum_over_rows(sum, part) / rows;
  float squares = 0;
  for (std::size_t m = ty; m < a.rows; m += lines) {
    const float apart = slab[m * width + tx] - center;
    squares += apart * apart;
  }
  squares = sum_over_rows(squares, part);
  __shared__ float scales[width];
  if (ty == 0 && inside) scales[tx] = batch_norm_finish(a, o, c, center, squares);
  __syncthreads();
  if (!inside) return;
  const float scale = scales[tx], beta = o.beta[c];
  for (std::size_t m = ty; m < a.rows; m += lines) {
    o.y[m * a.c + c] = (slab[m * width + tx] - center) * scale + beta;
  }
}

__global__ void backward(BatchNormProblem a, const float* x, const float* gamma, const float* mean,
                         const float* inv_std, const float* dy, float* dx, float* dgamma,
                         float* dbeta) {
  __shared__ float part[warps][width];
  float* slab = dynamic_shared<float>();     // [rows, 8]: x - mean
  float* gradients = slab + a.rows * width;  // [rows, 8]: dy
  const unsigned tx = threadIdx.x % width, ty = threadIdx.x / width;
  const std::size_t c = std::size_t{blockIdx.x} * width + tx;
  const bool inside = c < a.c;
  const float middle = inside ? mean[c] : 0;
  const auto rows = static_cast<float>(a.rows);

  float plain = 0, weighted = 0;
  for (std::size_t m = ty; m < a.rows; m += lines) {
    const float deviation = inside ? x[m * a.c + c] - middle : 0;
    const float gradient = inside ? dy[m * a.c + c] : 0;
    slab[m * width + tx] = deviation;
    gradients[m * width + tx] = gradient;
    plain += gradient;
    weighted += gradient * deviation;
  }
  plain = sum_over_rows(plain, part);
  weighted = sum_over_rows(weighted, part);
  if (!inside) return;
  const float inverse = inv_std[c], scale = gamma[c] * inverse;
  if (ty == 0) {
    dbeta[c] = plain;
    dgamma[c] = weighted * inverse;
  }
  const float shift = plain / rows, slope = inverse * (weighted * inverse / rows);
  for (std::size_t m = ty; m < a.rows; m += lines) {
    dx[m * a.c + c] = scale * (gradients[m * width + tx] - shift - slab[m * width + tx] * slope);
  }
}

unsigned blocks(const BatchNormProblem& a) {
  return static_cast<unsigned>((a.c + width - 1) / width);
}

}  // namespace

HILUM_CUDA_ROW(BatchNormForward, batch_norm_forward_cuda4_fused);
void batch_norm_forward_cuda4_fused(const Launch& on, const BatchNormProblem& a, const float* x,
                                    const float* gamma, const float* beta,
                                    const float* running_mean, const float* running_var, float* y,
                                    float* mean, float* inv_std, float* running_mean_out,
                                    float* running_var_out) {
  const BatchNormTraining o = {x, gamma, beta,    running_mean,     running_var,
                               y, mean,  inv_std, running_mean_out, running_var_out};
  launch<forward>(on, blocks(a), block, a.rows * width * sizeof(float), a, o);
}

HILUM_CUDA_ROW(BatchNormBackward, batch_norm_backward_cuda4_fused);
void batch_norm_backward_cuda4_fused(const Launch& on, const BatchNormProblem& a, const float* x,
                                     const float* gamma, const float* mean, const float* inv_std,
                                     const float* dy, float* dx, float* dgamma, float* dbeta) {
  launch<backward>(on, blocks(a), block, 2 * a.rows * width * sizeof(float), a, x, gamma, mean,
                   inv_std, dy, dx, dgamma, dbeta);
}

}  // namespace hilum
