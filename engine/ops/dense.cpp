// dense on the tape. The input is kept for dw, the weights for dx.
#include "kernels/dense/dense.h"

#include "engine/ops/buffers.h"
#include "engine/saved.h"

namespace hilum {

Tensor dense(const Tensor& x, const Tensor& w) {
  check_rank("dense", "x", x, 2);
  check_rank("dense", "w", w, 2);
  check_same_device("dense", x, w);
  if (x.size(1) != w.size(1)) {
    throw usage_error("dense: x {} times w {}: expected {} inputs, got {}.", x.shape().str(),
                      w.shape().str(), w.size(1), x.size(1));
  }
  const DenseProblem a{x.size(0), x.size(1), w.size(0)};
  check(a);
  const Device device = x.device();
  Tensor y = Tensor::empty({a.n, a.o}, device);
  run<DenseForward>(device, a, x.data(), w.data(), y.data());

  Saved x_saved;
  Tensor w_saved;
  if (needs_tape({w})) x_saved = Saved(x);
  if (x.requires_grad()) w_saved = w.detach();
  return record("dense", {x, w}, y, [=](Tensor dy) {
    Tensor dx, dw;
    if (w_saved.defined()) {
      dx = Tensor::empty({a.n, a.i}, device);
      run<DenseBackwardData>(device, a, w_saved.data(), dy.data(), dx.data());
    }
    if (x_saved.defined()) {
      dw = Tensor::empty({a.o, a.i}, device);
      run<DenseBackwardWeight>(device, a, x_saved.get().data(), dy.data(), dw.data());
    }
    return std::vector<Tensor>{dx, dw};
  });
}

}  // namespace hilum
