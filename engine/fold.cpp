// Finds pairs by watching one forward pass, and folds them in double.
#include "engine/fold.h"

#include "engine/tensor_state.h"

namespace hilum {
namespace {

// The listener sees constant modules; these are the caller's own.
template <class M>
M* frozen_as(const Module& module) {
  if (!module.frozen()) return nullptr;
  return const_cast<M*>(dynamic_cast<const M*>(&module));
}

}  // namespace

FoldedBatchNorms::FoldedBatchNorms(const std::function<Tensor(Tensor)>& forward, const Tensor& x) {
  const NoGrad no_grad;
  Conv2d* last = nullptr;
  Tensor made;  // by the last convolution; held, so that no other tensor takes its place
  {
    const ListenToLayers listen(
        [&](const std::string&, const Module& m, const Tensor& input, const Tensor& output) {
          if (auto* conv = frozen_as<Conv2d>(m)) {
            last = conv;
            made = output;
          } else if (auto* norm = frozen_as<BatchNorm2d>(m)) {
            if (last != nullptr && input.state() == made.state()) pairs_.push_back({last, norm});
          }
        });
    forward(x);
  }
  for (const Pair& pair : pairs_) {
    const ChannelAffine affine = pair.norm->affine();
    pair.conv->fold(affine);
    pair.norm->pass_through(true);
  }
}

FoldedBatchNorms::~FoldedBatchNorms() {
  for (const Pair& pair : pairs_) {
    pair.conv->unfold();
    pair.norm->pass_through(false);
  }
}

}  // namespace hilum
