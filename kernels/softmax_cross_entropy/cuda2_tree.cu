// softmax_cross_entropy, cuda2: one block a sample, trees in shared memory.
//
// Idea: the threads of a block share a row, neighbours reading neighbours. The largest logit, the
// sum of exponentials and the smoothed part are each found by a tree: every thread takes each 128th
// class, then half of the threads add what the other half has, and so on. A second kernel adds the
// samples in the same way.
//
// Bound by: barriers (seven a tree, three trees a row); of three classes, 125 of 128 threads idle.
#include "kernels/softmax_cross_entropy/cuda_common.h"

namespace hilum {
namespace {

constexpr unsigned block = 128;

// Combines what the block's threads bring; all get the result.
template <class T, class Combine>
__device__ T tree(T value, T (&part)[block], Combine combine) {
  __syncthreads();  // part may still be read by those who are behind
  part[threadIdx.x] = value;
  for (unsigned half = block / 2; half != 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      part[threadIdx.x] = combine(part[threadIdx.x], part[threadIdx.x + half]);
    }
  }
  __syncthreads();
  return part[0];
}
__device__ double sum_of(double value, double (&part)[block]) {
  return tree(value, part, [](double a, double b) { return a + b; });
}

__global__ void forward(Problem a, const float* logits, const std::int32_t* labels,
                        const float* class_weight, double* losses, float* probability) {
  __shared__ float floats[block];
  __shared__ double doubles[block];
  for (std::size_t n = blockIdx.x; n < a.n; n += gridDim.x) {
    const float* x = logits + n * a.c;
    float* p = probability + n * a.c;
    float own = -INFINITY;
    for (std::size_t j = threadIdx.x; j < a.c; j += block) own = x[j] > own ? x[j] : own;
    const float largest = tree(own, floats, [](float a, float b) { return a > b ? a : b; });
    float exponentials = 0;
    for (std::size_t j = threadIdx.x; j < a.c; j += block) {
      exponentials += p[j] = expf(x[j] - largest);
    }
    const float sum = tree(exponentials, floats, [](float a, float b) { return a + b; });
    const double log_sum = log(static_cast<double>(sum)) + largest;
    double smooth = 0;
    for (std::size_t j = threadIdx.x; j < a.c; j += block) {
      p[j] /= sum;
      smooth += weight_of(class_weight, j) * (log_sum - x[j]);
    }
    if (a.label_smoothing != 0) smooth = sum_of(smooth, doubles);
    if (threadIdx.x == 0) {
      losses[n] = sample_loss(a, class_weight, labels[n], log_sum - x[labels[n]], smooth);
    }
  }
}

__device__ double weight_of_labels(const Problem& a, const std::int32_t* labels,
                                   const float* class_weight, double (&part)[block]) {
  double own = 0;
  for (std::size_t n = threadIdx.x; n < a.n; n += block) own += weight_of(class_weight, labels[n]);
  return sum_of(own, part);
}

__global__ void mean(Problem a, const std::int32_t* labels, const float* class_weight,
                     const double* losses, float* loss) {
  __shared__ double part[block];
  double own = 0;
  for (std::size_t n = threadIdx.x; n < a.n; n += block) own += losses[n];
  const double total = sum_of(own, part);
  const double weights = weight_of_labels(a, labels, class_weight, part);
  if (threadIdx.x == 0) *loss = static_cast<float>(total / weights);
}

}  // namespace

HILUM_CUDA_ROW(SoftmaxCrossEntropyForward, softmax_cross_entropy_forward_cuda2_tree);
void softmax_cross_entropy_forward_cuda2_tree(const Launch& on, const Problem& a,
                                              const float* logits, const std::int32_t* labels,
                                              const float* class_weight, float* loss,
                                              float* probability) {
  auto* losses = static_cast<double*>(on.workspace);
  launch<forward>(on, blocks_for(a.n, 1), block, 0, a, logits, labels, class_weight, losses,
                  probability);
  launch<mean>(on, 1, block, 0, a, labels, class_weight, losses, loss);
}

}  // namespace hilum
