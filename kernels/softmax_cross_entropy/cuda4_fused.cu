// softmax_cross_entropy, cuda4: one block, one launch.
//
// Idea: the batch of a classifier is a hundred numbers, and starting a kernel costs more than
// reading them. So one block does it all: its warps take samples in turn as in cuda3, their losses
// stay in registers, and the warps' totals meet in shared memory instead of in a second kernel. The
// order of the additions is fixed, as that of a counter that says who comes last would not be.
//
// Bound by: the latency of one launch; a batch beyond 65536 numbers is too much for one block.
#include "kernels/softmax_cross_entropy/cuda_warp.h"

namespace hilum {
namespace {

constexpr unsigned block = 512, warps = block / 32;

__global__ void forward(Problem a, const float* logits, const std::int32_t* labels,
                        const float* class_weight, float* loss, float* probability) {
  __shared__ double part[warps];
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  double own = 0;
  for (std::size_t n = warp; n < a.n; n += warps) {
    own += row_loss(a, logits + n * a.c, labels[n], class_weight, probability + n * a.c, lane);
  }
  if (lane == 0) part[warp] = own;
  __syncthreads();
  if (warp != 0) return;
  const double total = warp_sum(lane < warps ? part[lane] : 0.0);
  const double weights = weight_of_labels(a, labels, class_weight, lane);
  if (lane == 0) *loss = static_cast<float>(total / weights);
}

}  // namespace

HILUM_CUDA_ROW(SoftmaxCrossEntropyForward, softmax_cross_entropy_forward_cuda4_fused);
void softmax_cross_entropy_forward_cuda4_fused(const Launch& on, const Problem& a,
                                               const float* logits, const std::int32_t* labels,
                                               const float* class_weight, float* loss,
                                               float* probability) {
  launch<forward>(on, 1, block, 0, a, logits, labels, class_weight, loss, probability);
}

}  // namespace hilum
