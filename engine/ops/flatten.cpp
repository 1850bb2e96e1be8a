// flatten on the tape: pixels to features, channels first.
#include "kernels/flatten/flatten.h"

#include "engine/ops/buffers.h"

namespace hilum {

Tensor flatten(const Tensor& x) {
  check_rank("flatten", "x (NHWC)", x, 4);
  const FlattenProblem a{x.size(0), x.size(1), x.size(2), x.size(3)};
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, a.h * a.w * a.c}, device);
  run<FlattenForward>(device, a, x.data(), y.data());
  return record("flatten", {x}, y, [=](Tensor dy) {
    Tensor dx = Tensor::empty({a.n, a.h, a.w, a.c}, device);
    run<FlattenBackward>(device, a, dy.data(), dx.data());
    return std::vector<Tensor>{dx};
  });
}

}  // namespace hilum
