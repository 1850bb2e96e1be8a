// softmax_cross_entropy, cuda3: one warp a sample, shuffles instead of shared memory.
//
// Idea: a row of a few to a thousand classes is the work of a warp, whose lanes need no barrier:
// they exchange registers. The largest logit and the sum are found in one trip (see cuda_warp.h),
// so the row is read twice where cuda2 reads it three times. Backward needs the weights' sums
// only; each warp finds them for itself, sooner than another kernel would start.
//
// Bound by: memory for many classes, by the two launches for few.
#include "kernels/softmax_cross_entropy/cuda_warp.h"

namespace hilum {
namespace {

constexpr unsigned block = 128, warps = block / 32;

__global__ void forward(Problem a, const float* logits, const std::int32_t* labels,
                        const float* class_weight, double* losses, float* probability) {
  const unsigned lane = threadIdx.x % 32;
  const std::size_t step = std::size_t{gridDim.x} * warps;
  for (std::size_t n = std::size_t{blockIdx.x} * warps + threadIdx.x / 32; n < a.n; n += step) {
    const double loss =
        row_loss(a, logits + n * a.c, labels[n], class_weight, probability + n * a.c, lane);
    if (lane == 0) losses[n] = loss;
  }
}

// One warp.
__global__ void mean(Problem a, const std::int32_t* labels, const float* class_weight,
                     const double* losses, float* loss) {
  double own = 0;
  for (std::size_t n = threadIdx.x; n < a.n; n += 32) own += losses[n];
  const double total = warp_sum(own);
  const double weights = weight_of_labels(a, labels, class_weight, threadIdx.x);
  if (threadIdx.x == 0) *loss = static_cast<float>(total / weights);
}

__global__ void backward(Problem a, const float* probability, const std::int32_t* labels,
                         const float* class_weight, const float* dloss, float* dlogits) {
  const unsigned lane = threadIdx.x % 32;
  const double of_labels = weight_of_labels(a, labels, class_weight, lane);
  const double of_classes = weight_of_classes(a, class_weight, lane);
  const std::size_t step = std::size_t{gridDim.x} * warps;
  for (std::size_t n = std::size_t{blockIdx.x} * warps + threadIdx.x / 32; n < a.n; n += step) {
    const Slopes slopes(a, class_weight, labels[n], *dloss, of_labels, of_classes);
    for (std::size_t j = lane; j < a.c; j += 32) {
      dlogits[n * a.c + j] = slopes.gradient(class_weight, probability[n * a.c + j], j, labels[n]);
    }
  }
}

}  // namespace

HILUM_CUDA_ROW(SoftmaxCrossEntropyForward, softmax_cross_entropy_forward_cuda3_warp);
void softmax_cross_entropy_forward_cuda3_warp(const Launch& on, const Problem& a,
                                              const float* logits, const std::int32_t* labels,
                                              const float* class_weight, float* loss,
                                              float* probability) {
  auto* losses = static_cast<double*>(on.workspace);
  launch<forward>(on, blocks_for(a.n, warps), block, 0, a, logits, labels, class_weight, losses,
                  probability);
  launch<mean>(on, 1, 32, 0, a, labels, class_weight, losses, loss);
}

HILUM_CUDA_ROW(SoftmaxCrossEntropyBackward, softmax_cross_entropy_backward_cuda3_warp);
void softmax_cross_entropy_backward_cuda3_warp(const Launch& on, const Problem& a,
                                               const float* probability, const std::int32_t* labels,
                                               const float* class_weight, const float* dloss,
                                               float* dlogits) {
  launch<backward>(on, blocks_for(a.n, warps), block, 0, a, probability, labels, class_weight,
                   dloss, dlogits);
}

}  // namespace hilum
