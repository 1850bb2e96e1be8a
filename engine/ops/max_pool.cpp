// max_pool on the tape. The input is kept: backward finds the maxima again. Behind a ReLU the
// places of the maxima are kept instead, a byte each, and the input is not.
#include "kernels/max_pool/max_pool.h"

#include "engine/ops/buffers.h"
#include "engine/saved.h"
#include "engine/tensor_state.h"
#include "kernels/relu_max_pool/relu_max_pool.h"

namespace hilum {

namespace {

PoolWindow window_of(const Tensor& x, const PoolOptions& o) {
  check_rank("max_pool", "x (NHWC)", x, 4);
  return {x.size(0),  x.size(1),  x.size(2), x.size(3), o.window_h, o.window_w,
          o.stride_h, o.stride_w, o.pad_h,   o.pad_w,   o.ceil_mode};
}

}  // namespace

Tensor max_pool(const Tensor& x, const PoolOptions& o) {
  const MaxPoolProblem a{window_of(x, o)};
  check(a);
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, a.p(), a.q(), a.c}, device);
  run<MaxPoolForward>(device, a, x.data(), y.data());
  return record("max_pool", {x}, y,
                [=, x_saved = Saved(x)](Tensor dy) {
                  const Tensor x = x_saved.get();
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

Tensor relu_max_pool(Tensor x, const PoolOptions& o) {
  const ReluMaxPoolProblem a{window_of(x, o)};
  if (!needs_tape({x}) || a.none() > 255 ||
      !can_fuse<ReluMaxPoolForward>(x.device(), a, {"relu", "max_pool"})) {
    return max_pool(relu(std::move(x)), o);
  }
  check(a);
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, a.p(), a.q(), a.c}, device);
  const Tensor index = Tensor::empty(y.shape(), device, DType::u8);
  auto* const places = static_cast<std::uint8_t*>(index.state()->storage->data);
  run<ReluMaxPoolForward>(device, a, std::as_const(x).data(), y.data(), places);
  return record("relu_max_pool", {x}, y, [=, index = index](Tensor dy) {
    Tensor dx = Tensor::empty({a.n, a.h, a.w, a.c}, device);
    run<ReluMaxPoolBackward>(device, a, places, dy.data(), dx.data());
    return std::vector<Tensor>{dx};
  });
}

}  // namespace hilum
