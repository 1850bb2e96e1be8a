// softmax_cross_entropy, cuda1: one thread a sample.
//
// Idea: the loops of the reference, each sample in a thread of its own; then one thread adds the
// losses. Neighbouring threads read c numbers apart, so each access of a warp touches 32 lines of
// memory; the row is read three times, and the last addition is as slow as one thread is.
//
// Bound by: the latency of those reads.
#include "kernels/softmax_cross_entropy/cuda_common.h"

namespace hilum {
namespace {

constexpr unsigned block = 128;

__global__ void forward(Problem a, const float* logits, const std::int32_t* labels,
                        const float* class_weight, double* losses, float* probability) {
  for (std::size_t n = grid_thread(); n < a.n; n += grid_threads()) {
    const float* x = logits + n * a.c;
    float* p = probability + n * a.c;
    float largest = x[0], sum = 0;
    for (std::size_t j = 1; j < a.c; ++j) largest = x[j] > largest ? x[j] : largest;
    for (std::size_t j = 0; j < a.c; ++j) sum += p[j] = expf(x[j] - largest);
    for (std::size_t j = 0; j < a.c; ++j) p[j] /= sum;
    const double log_sum = log(static_cast<double>(sum)) + largest;
    double smooth = 0;
    if (a.label_smoothing != 0) {
      for (std::size_t j = 0; j < a.c; ++j) smooth += weight_of(class_weight, j) * (log_sum - x[j]);
    }
    losses[n] = sample_loss(a, class_weight, labels[n], log_sum - x[labels[n]], smooth);
  }
}

__global__ void mean(Problem a, const std::int32_t* labels, const float* class_weight,
                     const double* losses, float* loss) {
  double total = 0, weights = 0;
  for (std::size_t n = 0; n < a.n; ++n) {
    total += losses[n];
    weights += weight_of(class_weight, labels[n]);
  }
  *loss = static_cast<float>(total / weights);
}

__global__ void weights(Problem a, const std::int32_t* labels, const float* class_weight,
                        double* totals) {
  double of_labels = 0, of_classes = 0;
  for (std::size_t n = 0; n < a.n; ++n) of_labels += weight_of(class_weight, labels[n]);
  for (std::size_t j = 0; j < a.c; ++j) of_classes += weight_of(class_weight, j);
  totals[0] = of_labels;
  totals[1] = of_classes;
}

__global__ void backward(Problem a, const float* probability, const std::int32_t* labels,
                         const float* class_weight, const float* dloss, const double* totals,
                         float* dlogits) {
  for (std::size_t n = grid_thread(); n < a.n; n += grid_threads()) {
    const Slopes slopes(a, class_weight, labels[n], *dloss, totals[0], totals[1]);
    for (std::size_t j = 0; j < a.c; ++j) {
      dlogits[n * a.c + j] = slopes.gradient(class_weight, probability[n * a.c + j], j, labels[n]);
    }
  }
}

}  // namespace

HILUM_CUDA_ROW(SoftmaxCrossEntropyForward, softmax_cross_entropy_forward_cuda1_naive);
void softmax_cross_entropy_forward_cuda1_naive(const Launch& on, const Problem& a,
                                               const float* logits, const std::int32_t* labels,
                                               const float* class_weight, float* loss,
                                               float* probability) {
  auto* losses = static_cast<double*>(on.workspace);
  launch<forward>(on, blocks_for(a.n, block), block, 0, a, logits, labels, class_weight, losses,
                  probability);
  launch<mean>(on, 1, 1, 0, a, labels, class_weight, losses, loss);
}

HILUM_CUDA_ROW(SoftmaxCrossEntropyBackward, softmax_cross_entropy_backward_cuda1_naive);
void softmax_cross_entropy_backward_cuda1_naive(const Launch& on, const Problem& a,
                                                const float* probability,
                                                const std::int32_t* labels,
                                                const float* class_weight, const float* dloss,
                                                float* dlogits) {
  auto* totals = static_cast<double*>(on.workspace);
  launch<weights>(on, 1, 1, 0, a, labels, class_weight, totals);
  launch<backward>(on, blocks_for(a.n, block), block, 0, a, probability, labels, class_weight,
                   dloss, totals, dlogits);
}

}  // namespace hilum
