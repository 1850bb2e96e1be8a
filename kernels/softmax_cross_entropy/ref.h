// softmax_cross_entropy, reference: the formulas of softmax_cross_entropy.h as loops.
#pragma once

#include "kernels/softmax/ref.h"
#include "kernels/softmax_cross_entropy/softmax_cross_entropy.h"

namespace hilum {

// W: the weights of the batch's labels.
template <class T>
T batch_weight(const SoftmaxCrossEntropyProblem& a, const std::int32_t* labels,
               const T* class_weight) {
  T total(0);
  for (std::size_t n = 0; n < a.n; ++n) total += class_weight ? class_weight[labels[n]] : T(1);
  return total;
}

template <class T>
void SoftmaxCrossEntropyForward::reference(const SoftmaxCrossEntropyProblem& a, const T* logits,
                                           const std::int32_t* labels, const T* class_weight,
                                           T* loss, T* probability) {
  using std::log;
  T total(0);
  for (std::size_t n = 0; n < a.n; ++n) {
    const T* x = logits + n * a.c;
    const SoftmaxRow<T> row = softmax_row(a.c, x, probability + n * a.c);
    const T log_sum = log(row.sum) + row.largest;
    T smooth(0);
    for (std::size_t j = 0; j < a.c; ++j) {
      smooth += (class_weight ? class_weight[j] : T(1)) * (log_sum - x[j]);
    }
    const T weight = class_weight ? class_weight[labels[n]] : T(1);
    total += T(1 - double{a.label_smoothing}) * weight * (log_sum - x[labels[n]]) +
             T(double{a.label_smoothing} / static_cast<double>(a.c)) * smooth;
  }
  *loss = total / batch_weight(a, labels, class_weight);
}

template <class T>
void SoftmaxCrossEntropyBackward::reference(const SoftmaxCrossEntropyProblem& a,
                                            const T* probability, const std::int32_t* labels,
                                            const T* class_weight, const T* dloss, T* dlogits) {
  const T scale = *dloss / batch_weight(a, labels, class_weight);
  T sum_weight(0);
  for (std::size_t j = 0; j < a.c; ++j) sum_weight += class_weight ? class_weight[j] : T(1);
  const T share = T(double{a.label_smoothing} / static_cast<double>(a.c));
  for (std::size_t n = 0; n < a.n; ++n) {
    const T hard =
        T(1 - double{a.label_smoothing}) * (class_weight ? class_weight[labels[n]] : T(1));
    for (std::size_t j = 0; j < a.c; ++j) {
      const T p = probability[n * a.c + j];
      const T target = j == static_cast<std::size_t>(labels[n]) ? T(1) : T(0);
      const T weight = class_weight ? class_weight[j] : T(1);
      dlogits[n * a.c + j] = scale * (hard * (p - target) + share * (p * sum_weight - weight));
    }
  }
}

}  // namespace hilum
