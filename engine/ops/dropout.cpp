// dropout on the tape. No mask is kept: backward draws it again from the same numbers.
#include "kernels/dropout/dropout.h"

#include "engine/ops/buffers.h"

namespace hilum {

Tensor dropout(Tensor x, float p, std::uint64_t seed, std::uint64_t offset) {
  const DropoutProblem a{x.count(), p, seed, offset};
  check(a);
  Tensor y = output_for(x);
  run<DropoutForward>(x.device(), a, x.data(), y.data());
  return record("dropout", {x}, y, [=](Tensor dy) {
    Tensor dx = output_for(dy);
    run<DropoutBackward>(dy.device(), a, dy.data(), dx.data());
    return std::vector<Tensor>{dx};
  });
}

}  // namespace hilum
