// avg_pool, global_avg_pool and adaptive_avg_pool on the tape. Nothing is kept.
#include "kernels/avg_pool/avg_pool.h"

#include "engine/ops/buffers.h"
#include "kernels/adaptive_avg_pool/adaptive_avg_pool.h"
#include "kernels/global_avg_pool/global_avg_pool.h"

namespace hilum {

Tensor avg_pool(const Tensor& x, const PoolOptions& o) {
  check_rank("avg_pool", "x (NHWC)", x, 4);
  const AvgPoolProblem a{{x.size(0), x.size(1), x.size(2), x.size(3), o.window_h, o.window_w,
                          o.stride_h, o.stride_w, o.pad_h, o.pad_w, o.ceil_mode},
                         o.count_include_pad};
  check(a);
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, a.p(), a.q(), a.c}, device);
  run<AvgPoolForward>(device, a, x.data(), y.data());
  return record("avg_pool", {x}, y,
                [=](Tensor dy) {
                  Tensor dx = Tensor::empty({a.n, a.h, a.w, a.c}, device);
                  run<AvgPoolBackward>(device, a, dy.data(), dx.data());
                  return std::vector<Tensor>{dx};
                },
                {{"window_h", o.window_h},
                 {"window_w", o.window_w},
                 {"stride_h", o.stride_h},
                 {"stride_w", o.stride_w},
                 {"pad_h", o.pad_h},
                 {"pad_w", o.pad_w},
                 {"count_include_pad", o.count_include_pad}});
}

Tensor global_avg_pool(const Tensor& x) {
  check_rank("global_avg_pool", "x (NHWC)", x, 4);
  const GlobalAvgPoolProblem a{x.size(0), x.size(1), x.size(2), x.size(3)};
  check(a);
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, a.c}, device);
  run<GlobalAvgPoolForward>(device, a, x.data(), y.data());
  return record("global_avg_pool", {x}, y, [=](Tensor dy) {
    Tensor dx = Tensor::empty({a.n, a.h, a.w, a.c}, device);
    run<GlobalAvgPoolBackward>(device, a, dy.data(), dx.data());
    return std::vector<Tensor>{dx};
  });
}

Tensor adaptive_avg_pool(const Tensor& x, std::size_t p, std::size_t q) {
  check_rank("adaptive_avg_pool", "x (NHWC)", x, 4);
  const AdaptiveAvgPoolProblem a{x.size(0), x.size(1), x.size(2), x.size(3), p, q};
  check(a);
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, p, q, a.c}, device);
  run<AdaptiveAvgPoolForward>(device, a, x.data(), y.data());
  return record("adaptive_avg_pool", {x}, y, [=](Tensor dy) {
    Tensor dx = Tensor::empty({a.n, a.h, a.w, a.c}, device);
    run<AdaptiveAvgPoolBackward>(device, a, dy.data(), dx.data());
    return std::vector<Tensor>{dx};
  });
}

}  // namespace hilum
