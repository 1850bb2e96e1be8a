// softmax_cross_entropy on the tape. The probabilities are kept.
#include "kernels/softmax_cross_entropy/softmax_cross_entropy.h"

#include "engine/ops/buffers.h"
#include "engine/tensor_state.h"

namespace hilum {

Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& labels, const Tensor& class_weight,
                             float label_smoothing) {
  check_rank("softmax_cross_entropy", "logits", logits, 2);
  const bool weighted = class_weight.defined();
  const SoftmaxCrossEntropyProblem a{logits.size(0), logits.size(1), label_smoothing, weighted};
  check(a);
  if (labels.shape() != Shape{a.n}) {
    throw usage_error("softmax_cross_entropy: logits {}, labels {}. Expected {} labels.",
                      logits.shape().str(), labels.shape().str(), a.n);
  }
  if (weighted && class_weight.shape() != Shape{a.c}) {
    throw usage_error("softmax_cross_entropy: logits {}, class weights {}. Expected {} weights.",
                      logits.shape().str(), class_weight.shape().str(), a.c);
  }
  check_same_device("softmax_cross_entropy", logits, labels);
  const LabelRange range = label_range(labels);
  if (range.least < 0 || static_cast<std::size_t>(range.largest) >= a.c) {
    check_labels(a, labels.to(Device::cpu).labels());  // which names the one that is wrong
  }
  const Device device = logits.device();
  auto weights = [](const Tensor& w) { return w.defined() ? w.data() : nullptr; };
  Tensor loss = Tensor::empty({}, device), probability = Tensor::empty(logits.shape(), device);
  run<SoftmaxCrossEntropyForward>(device, a, logits.data(), labels.labels(), weights(class_weight),
                                  loss.data(), probability.data());
  return record(
      "softmax_cross_entropy", {logits}, loss, [=, labels = labels.detach()](Tensor dloss) {
        Tensor dlogits = Tensor::empty(probability.shape(), device);
        run<SoftmaxCrossEntropyBackward>(device, a, probability.data(), labels.labels(),
                                         weights(class_weight), dloss.data(), dlogits.data());
        return std::vector<Tensor>{dlogits};
      });
}

}  // namespace hilum
