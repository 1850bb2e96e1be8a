// softmax_cross_entropy: the loss of a classifier, from logits and class numbers, as PyTorch's
// cross_entropy defines it. With p = softmax(logits[n]), v the class weights (all one where
// absent), y_n the label, e the label smoothing and C classes:
//
//   loss = sum over n of [ (1 - e) v[y_n] (-ln p[y_n])  +  e/C sum over j of v[j] (-ln p[j]) ] / W
//   W    = sum over n of v[y_n]
//
// the mean over the weighted batch (note that the smoothed part is divided by W too). The gradient:
//
//   dlogits[n,j] = dloss / W * [ (1 - e) v[y_n] (p[j] - [j = y_n])  +  e/C (p[j] V - v[j]) ]
//   V = sum over j of v[j]
//
// -ln p[j] is taken as ln(sum) + largest - logits[j], which stays finite for any finite logits.
// Where every label of the batch has weight zero the loss is 0/0, a NaN. Labels must lie in [0, C):
// see check_labels.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct SoftmaxCrossEntropyProblem {
  std::size_t n, c;  // samples, classes
  float label_smoothing = 0;
  bool weighted = false;  // class_weight is given; otherwise its pointer is null
  std::size_t count() const { return n * c; }
  std::size_t weight_count() const { return weighted ? c : 0; }
  std::string describe() const;
};

// Throws a usage error where there is no sample or class, or the smoothing is not in [0, 1].
void check(const SoftmaxCrossEntropyProblem& problem);
// Throws a usage error that names the first label outside of [0, C).
void check_labels(const SoftmaxCrossEntropyProblem& problem, const std::int32_t* labels);

struct SoftmaxCrossEntropyForward {
  using Problem = SoftmaxCrossEntropyProblem;
  // logits [n,c], labels [n], class_weight [c] or null -> loss [1], probability [n,c]
  using Function = void (*)(const Launch&, const Problem&, const float* logits,
                            const std::int32_t* labels, const float* class_weight, float* loss,
                            float* probability);
  static constexpr const char* op = "softmax_cross_entropy";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<SoftmaxCrossEntropyForward>& table();
  template <class T>
  static void reference(const Problem&, const T* logits, const std::int32_t* labels,
                        const T* class_weight, T* loss, T* probability);
};

struct SoftmaxCrossEntropyBackward {
  using Problem = SoftmaxCrossEntropyProblem;
  // probability [n,c] of the forward pass, labels, class_weight, dloss [1] -> dlogits [n,c]
  using Function = void (*)(const Launch&, const Problem&, const float* probability,
                            const std::int32_t* labels, const float* class_weight,
                            const float* dloss, float* dlogits);
  static constexpr const char* op = "softmax_cross_entropy";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<SoftmaxCrossEntropyBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* probability, const std::int32_t* labels,
                        const T* class_weight, const T* dloss, T* dlogits);
};

}  // namespace hilum
