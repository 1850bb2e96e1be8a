// penalty, CUDA. Forward: each block sums what its threads meet, then one block adds those sums.
// Backward: one thread an element. Bound by memory: 4 bytes an element forward, 8 backward.
#include "kernels/cuda_reduce.h"
#include "kernels/penalty/penalty.h"
#include "kernels/penalty/rows.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;

// sums[0 .. blocks): of |w|; sums[blocks .. 2 blocks): of w^2
__global__ void sum_blocks(std::size_t count, const float* w, float* sums) {
  float sum_abs = 0, sum_square = 0;
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    sum_abs += fabsf(w[i]);
    sum_square += w[i] * w[i];
  }
  sum_abs = block_sum(sum_abs);
  sum_square = block_sum(sum_square);
  if (threadIdx.x == 0) {
    sums[blockIdx.x] = sum_abs;
    sums[gridDim.x + blockIdx.x] = sum_square;
  }
}

__global__ void add_blocks(std::size_t blocks, float l1, float l2, const float* sums, float* loss) {
  float sum_abs = 0, sum_square = 0;
  for (std::size_t i = threadIdx.x; i < blocks; i += blockDim.x) {
    sum_abs += sums[i];
    sum_square += sums[blocks + i];
  }
  sum_abs = block_sum(sum_abs);
  sum_square = block_sum(sum_square);
  if (threadIdx.x == 0) *loss = l1 * sum_abs + l2 * sum_square;
}

__global__ void backward(std::size_t count, float l1, float l2, const float* w, const float* dloss,
                         float* dw) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    const float sign = w[i] > 0 ? 1.0f : w[i] < 0 ? -1.0f : 0.0f;
    dw[i] = *dloss * (l1 * sign + 2 * l2 * w[i]);
  }
}

}  // namespace

HILUM_CUDA_ROW(PenaltyForward, penalty_forward_cuda1);
void penalty_forward_cuda1(const Launch& on, const PenaltyProblem& a, const float* w, float* loss) {
  float* sums = static_cast<float*>(on.workspace);
  const std::size_t blocks = penalty_cuda1_blocks(a);
  launch<sum_blocks>(on, static_cast<unsigned>(blocks), block, 0, a.count, w, sums);
  launch<add_blocks>(on, 1, block, 0, blocks, a.l1, a.l2, sums, loss);
}

HILUM_CUDA_ROW(PenaltyBackward, penalty_backward_cuda1);
void penalty_backward_cuda1(const Launch& on, const PenaltyProblem& a, const float* w,
                            const float* dloss, float* dw) {
  launch<backward>(on, blocks_for(a.count, block), block, 0, a.count, a.l1, a.l2, w, dloss, dw);
}

}  // namespace hilum
