// softmax_cross_entropy, CPU: threads over samples, exp in vector registers (softmax/
// simd_softmax.h). Each sample's loss goes to the workspace in double and they are added in order,
// so that the bits do not depend on the threads. Bound by exp, and for a few classes by the loop.
#ifndef HILUM_ISA
#include "kernels/elementwise.h"
#include "kernels/softmax_cross_entropy/rows.h"
#define HILUM_THIS_FILE "kernels/softmax_cross_entropy/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
void softmax_cross_entropy_forward_cpu1(const Launch& launch, const SoftmaxCrossEntropyProblem& a,
                                        const float* logits, const std::int32_t* labels,
                                        const float* class_weight, float* loss,
                                        float* probability) {
  HILUM_DISPATCH_ISA(cross_entropy_forward, a, logits, labels, class_weight,
                     static_cast<double*>(launch.workspace), loss, probability);
}
std::size_t softmax_cross_entropy_forward_cpu1_workspace(const SoftmaxCrossEntropyProblem& a) {
  return a.n * sizeof(double);
}
void softmax_cross_entropy_backward_cpu1(const Launch&, const SoftmaxCrossEntropyProblem& a,
                                         const float* probability, const std::int32_t* labels,
                                         const float* class_weight, const float* dloss,
                                         float* dlogits) {
  HILUM_DISPATCH_ISA(cross_entropy_backward, a, probability, labels, class_weight, dloss, dlogits);
}
}  // namespace hilum

#else
#include "kernels/softmax/simd_softmax.h"

namespace hilum::HILUM_ISA {

static double sum_of_weights(std::size_t n, const std::int32_t* labels, const float* class_weight) {
  if (class_weight == nullptr) return static_cast<double>(n);
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) total += class_weight[labels[i]];
  return total;
}

static void cross_entropy_forward(const SoftmaxCrossEntropyProblem& a, const float* logits,
                                  const std::int32_t* labels, const float* class_weight,
                                  double* losses, float* loss, float* probability) {
  const double smoothing = a.label_smoothing;
#pragma omp parallel for schedule(static) if (a.count() >= parallel_from)
  for (std::size_t n = 0; n < a.n; ++n) {
    const float* x = logits + n * a.c;
    const RowSum row = softmax_row(a.c, x, probability + n * a.c);
    const double log_sum = std::log(static_cast<double>(row.sum)) + row.largest;
    const double weight = class_weight ? class_weight[labels[n]] : 1.0;
    double value = (1 - smoothing) * weight * (log_sum - x[labels[n]]);
    if (smoothing != 0) {
      double smooth = 0;
      for (std::size_t j = 0; j < a.c; ++j) {
        smooth += (class_weight ? class_weight[j] : 1.0) * (log_sum - x[j]);
      }
      value += smoothing / static_cast<double>(a.c) * smooth;
    }
    losses[n] = value;
  }
  double total = 0;
  for (std::size_t n = 0; n < a.n; ++n) total += losses[n];
  *loss = static_cast<float>(total / sum_of_weights(a.n, labels, class_weight));
}

static void cross_entropy_backward(const SoftmaxCrossEntropyProblem& a, const float* probability,
                                   const std::int32_t* labels, const float* class_weight,
                                   const float* dloss, float* dlogits) {
  const double scale = *dloss / sum_of_weights(a.n, labels, class_weight);
  const double share = scale * a.label_smoothing / static_cast<double>(a.c);
  double all_weights = static_cast<double>(a.c);
  if (class_weight != nullptr) {
    all_weights = 0;
    for (std::size_t j = 0; j < a.c; ++j) all_weights += class_weight[j];
  }
#pragma omp parallel for schedule(static) if (a.count() >= parallel_from)
  for (std::size_t n = 0; n < a.n; ++n) {
    const float* p = probability + n * a.c;
    float* out = dlogits + n * a.c;
    const std::int32_t label = labels[n];
    const double hard =
        scale * (1 - double{a.label_smoothing}) * (class_weight ? class_weight[label] : 1.0);
    // Every class gets a p - b v; the label's own then loses `hard`.
    const auto slope = static_cast<float>(hard + share * all_weights);
    const auto smooth = static_cast<float>(share);
    if (class_weight != nullptr) {
#pragma omp simd
      for (std::size_t j = 0; j < a.c; ++j) out[j] = slope * p[j] - smooth * class_weight[j];
    } else {
#pragma omp simd
      for (std::size_t j = 0; j < a.c; ++j) out[j] = slope * p[j] - smooth;
    }
    out[label] -= static_cast<float>(hard);
  }
}

}  // namespace hilum::HILUM_ISA
#endif
