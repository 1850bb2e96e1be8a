// max_pool on the tape. The input is kept: backward finds the maxima again.
#include "kernels/max_pool/max_pool.h"

#include "engine/ops/buffers.h"

namespace hilum {

Tensor max_pool(const Tensor& x, const PoolOptions& o) {
  check_rank("max_pool", "x (NHWC)", x, 4);
  const MaxPoolProblem a{{x.size(0), x.size(1), x.size(2), x.size(3), o.window_h, o.window_w,
                          o.stride_h, o.stride_w, o.pad_h, o.pad_w, o.ceil_mode}};
  check(a);
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, a.p(), a.q(), a.c}, device);
  run<MaxPoolForward>(device, a, x.data(), y.data());
  return record("max_pool", {x}, y,
                [=, x = x.detach()](Tensor dy) {
                  Tensor dx = Tensor::empty(x.shape(), device);
                  run<MaxPoolBackward>(device, a, x.data(), dy.data(), dx.data());
                  return std::vector<Tensor>{dx};
                },
                {{"window_h", o.window_h},
                 {"window_w", o.window_w},
                 {"stride_h", o.stride_h},
                 {"stride_w", o.stride_w},
                 {"pad_h", o.pad_h},
                 {"pad_w", o.pad_w}});
}

}  // namespace hilum
