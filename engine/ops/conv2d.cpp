// conv2d on the tape. The input is kept for dw, the filters for dx; an output that costs little is
// not kept by whoever needs it.
#include "kernels/conv2d/conv2d.h"

#include "engine/ops/buffers.h"
#include "engine/saved.h"

namespace hilum {
namespace {

// Whether an output takes so few operations that it is made again for backward instead of kept:
// the first layer of a network of 3x3 filters, whose output is its largest.
bool is_cheap(const Conv2dProblem& a) { return a.r * a.s * (a.c / a.groups) <= 32; }

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& o) {
  check_rank("conv2d", "x (NHWC)", x, 4);
  check_rank("conv2d", "w (KRSC)", w, 4);
  check_same_device("conv2d", x, w);
  const Conv2dProblem a{x.size(0), x.size(1),    x.size(2),    x.size(3),  w.size(0),
                        w.size(1), w.size(2),    o.stride_h,   o.stride_w, o.pad_h,
                        o.pad_w,   o.dilation_h, o.dilation_w, o.groups};
  check(a);
  if (w.size(3) * a.groups != a.c) {
    throw usage_error("conv2d: filters {} in {} groups want {} channels. Got x {}.",
                      w.shape().str(), a.groups, w.size(3) * a.groups, x.shape().str());
  }
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, a.p(), a.q(), a.k}, device);
  run<Conv2dForward>(device, a, x.data(), w.data(), y.data());

  if (needs_tape({x, w}) && is_cheap(a)) {
    set_recipe(y, {Saved(x)}, [=, input = Saved(x), filters = w.detach()] {
      Tensor again = Tensor::empty({a.n, a.p(), a.q(), a.k}, device);
      run<Conv2dForward>(device, a, input.get().data(), filters.data(), again.data());
      return again;
    });
  }
  Saved x_saved;
  Tensor w_saved;
  if (needs_tape({w})) x_saved = Saved(x);
  if (x.requires_grad()) w_saved = w.detach();
  return record("conv2d", {x, w}, y,
                [=](Tensor dy) mutable {
                  Tensor dx, dw;  // dw first: x may go before dx comes
                  if (x_saved.defined()) {
                    dw = Tensor::empty({a.k, a.r, a.s, a.c / a.groups}, device);
                    run<Conv2dBackwardWeight>(device, a, x_saved.take().data(), dy.data(),
                                              dw.data());
                  }
                  if (w_saved.defined()) {
                    dx = Tensor::empty({a.n, a.h, a.w, a.c}, device);
                    run<Conv2dBackwardData>(device, a, w_saved.data(), dy.data(), dx.data());
                  }
                  return std::vector<Tensor>{dx, dw};
                },
                {{"stride_h", o.stride_h},
                 {"stride_w", o.stride_w},
                 {"pad_h", o.pad_h},
                 {"pad_w", o.pad_w},
                 {"dilation_h", o.dilation_h},
                 {"dilation_w", o.dilation_w},
                 {"groups", o.groups}});
}

}  // namespace hilum
