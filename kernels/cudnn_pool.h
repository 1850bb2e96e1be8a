// The pooling of cuDNN, for max_pool and avg_pool.
#pragma once

#include "kernels/cudnn.h"
#include "kernels/pool_window.h"

namespace hilum::cudnn {

struct PoolPlan {
  TensorDescriptor x, y;
  PoolingDescriptor pooling;
};

inline const PoolPlan& pool_plan(const PoolWindow& a, cudnnPoolingMode_t mode) {
  const std::vector<std::size_t> key = {static_cast<std::size_t>(mode),
                                        a.n,
                                        a.h,
                                        a.w,
                                        a.c,
                                        a.r,
                                        a.s,
                                        a.stride_h,
                                        a.stride_w,
                                        a.pad_h,
                                        a.pad_w};
  return cached<PoolPlan>(key, [&] {
    auto made = std::make_unique<PoolPlan>();
    set_nhwc(made->x, CUDNN_DATA_FLOAT, a.n, a.h, a.w, a.c);
    set_nhwc(made->y, CUDNN_DATA_FLOAT, a.n, a.p(), a.q(), a.c);
    check(cudnnSetPooling2dDescriptor(made->pooling, mode, CUDNN_PROPAGATE_NAN, to_int(a.r),
                                      to_int(a.s), to_int(a.pad_h), to_int(a.pad_w),
                                      to_int(a.stride_h), to_int(a.stride_w)),
          "describing a window");
    return made;
  });
}

inline void pool_forward(const Launch& on, const PoolPlan& plan, const float* x, float* y) {
  check(cudnnPoolingForward(handle(on), plan.pooling, &one, plan.x, x, &zero, plan.y, y),
        "pooling forward");
}

// The average needs neither x nor y; cuDNN wants pointers all the same.
inline void pool_backward(const Launch& on, const PoolPlan& plan, const float* x, const float* y,
                          const float* dy, float* dx) {
  check(cudnnPoolingBackward(handle(on), plan.pooling, &one, plan.y, y, plan.y, dy, plan.x, x,
                             &zero, plan.x, dx),
        "pooling backward");
}

inline const char* pool_why_not(const PoolWindow& a) {
  return a.ceil_mode ? "cuDNN has no ceiling mode" : nullptr;
}

}  // namespace hilum::cudnn
