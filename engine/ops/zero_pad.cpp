// zero_pad on the tape. Nothing is kept.
#include "kernels/zero_pad/zero_pad.h"

#include "engine/ops/buffers.h"

namespace hilum {

Tensor zero_pad(const Tensor& x, std::size_t top, std::size_t bottom, std::size_t left,
                std::size_t right) {
  check_rank("zero_pad", "x (NHWC)", x, 4);
  const ZeroPadProblem a{x.size(0), x.size(1), x.size(2), x.size(3), top, bottom, left, right};
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, a.p(), a.q(), a.c}, device);
  run<ZeroPadForward>(device, a, x.data(), y.data());
  return record("zero_pad", {x}, y,
                [=](Tensor dy) {
                  Tensor dx = Tensor::empty({a.n, a.h, a.w, a.c}, device);
                  run<ZeroPadBackward>(device, a, dy.data(), dx.data());
                  return std::vector<Tensor>{dx};
                },
                {{"top", top}, {"bottom", bottom}, {"left", left}, {"right", right}});
}

}  // namespace hilum
