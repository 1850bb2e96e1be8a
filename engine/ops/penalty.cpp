// penalty on the tape: a scalar that is added to the loss.
#include "kernels/penalty/penalty.h"

#include "engine/ops/buffers.h"

namespace hilum {

Tensor penalty(const Tensor& w, float l1, float l2) {
  const PenaltyProblem a{w.count(), l1, l2};
  Tensor loss = Tensor::empty({}, w.device());
  run<PenaltyForward>(w.device(), a, w.data(), loss.data());
  return record("penalty", {w}, loss, [=, w = w.detach()](Tensor dloss) {
    Tensor dw = Tensor::empty(w.shape(), w.device());
    run<PenaltyBackward>(w.device(), a, w.data(), dloss.data(), dw.data());
    return std::vector<Tensor>{dw};
  });
}

}  // namespace hilum
