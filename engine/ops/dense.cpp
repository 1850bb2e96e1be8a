// dense on the tape. The input is kept for dw, the weights for dx. A large dw is handed over some
// rows at a time where somebody takes them: VGG's first dense layer has 103 million weights, whose
// gradient, 411 MB, would be written, read once and forgotten.
#include "kernels/dense/dense.h"

#include <algorithm>

#include "engine/ops/buffers.h"
#include "engine/saved.h"
#include "engine/tensor_state.h"
#include "kernels/concat/concat.h"

namespace hilum {
namespace {

// Of dw, in rows: few enough for them to lie in a cache when they are read again, and enough for
// the product to be worth its packing of x.
constexpr std::size_t bytes_at_once = std::size_t{2} << 20;

// dy's columns are dw's rows. Each is summed over the batch on its own, so the bits are those of
// the whole product.
void hand_over(const TakeRows& take, const DenseProblem& a, const Tensor& x, Tensor dy) {
  const Device device = x.device();
  const std::size_t at_once = std::max<std::size_t>(bytes_at_once / (a.i * sizeof(float)), 1);
  for (std::size_t first = 0; first < a.o; first += at_once) {
    const DenseProblem part{a.n, a.i, std::min(at_once, a.o - first)};
    const std::size_t rest = a.o - first - part.o;
    Tensor mine = dy;
    if (rest > 0) {
      mine = Tensor::empty({a.n, part.o}, device);
      Tensor others = Tensor::empty({a.n, rest}, device);
      run<ConcatBackward>(device, ConcatProblem{a.n, {part.o, rest, 0, 0}}, dy.data(), mine.data(),
                          others.data(), nullptr, nullptr);
      dy = others;
    }
    Tensor rows = Tensor::empty({part.o, a.i}, device);
    run<DenseBackwardWeight>(device, part, x.data(), mine.data(), rows.data());
    take(first, rows);
  }
}

}  // namespace

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
  Tensor w_saved, leaf;
  if (needs_tape({w})) x_saved = Saved(x);
  if (x_saved.defined() && w.state()->node == nullptr && w.requires_grad() &&
      w.count() * sizeof(float) > 2 * bytes_at_once) {
    leaf = w;
  }
  if (x.requires_grad()) w_saved = w.detach();
  return record("dense", {x, w}, y, [=](Tensor dy) {
    Tensor dx, dw;
    if (w_saved.defined()) {
      dx = Tensor::empty({a.n, a.i}, device);
      run<DenseBackwardData>(device, a, w_saved.data(), dy.data(), dx.data());
    }
    const TakeRows take = leaf.defined() ? rows_taker(leaf) : nullptr;
    if (take) {
      hand_over(take, a, x_saved.get(), std::move(dy));
    } else if (x_saved.defined()) {
      dw = Tensor::empty({a.o, a.i}, device);
      run<DenseBackwardWeight>(device, a, x_saved.get().data(), dy.data(), dw.data());
    }
    return std::vector<Tensor>{dx, dw};
  });
}

}  // namespace hilum
