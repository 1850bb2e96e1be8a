// bias on the tape. Nothing is kept: dx is dy, db sums it.
#include "kernels/bias/bias.h"

#include "engine/ops/buffers.h"
#include "engine/saved.h"

namespace hilum {

Tensor bias(Tensor x, const Tensor& b) {
  check_rank("bias", "b", b, 1);
  check_same_device("bias", x, b);
  const std::size_t rank = x.shape().rank(), c = b.size(0);
  if (rank == 0 || c == 0 || x.size(rank - 1) != c) {
    throw usage_error("bias: x {} plus b {}: expected as many values as the last axis of x has.",
                      x.shape().str(), b.shape().str());
  }
  const BiasProblem a{x.count() / c, c};
  Saved source = recipe_of(x);
  Tensor y = output_for(x);
  run<BiasForward>(x.device(), a, std::as_const(x).data(), b.data(), y.data());
  if (source.defined()) {
    set_recipe(y, {source}, [=, added = b.detach()]() mutable {
      const Tensor input = source.take();
      Tensor again = output_for(input);
      run<BiasForward>(input.device(), a, input.data(), added.data(), again.data());
      return again;
    });
  }
  return record("bias", {x, b}, y, [=, device = x.device(), wanted = b.requires_grad()](Tensor dy) {
    Tensor db;
    if (wanted) {
      db = Tensor::empty({c}, device);
      run<BiasBackward>(device, a, dy.data(), db.data());
    }
    return std::vector<Tensor>{dy, db};
  });
}

}  // namespace hilum
