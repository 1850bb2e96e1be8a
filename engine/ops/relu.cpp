// relu and relu6 on the tape. The output is kept; in place forward and backward where that is safe.
#include "kernels/relu/relu.h"

#include "engine/ops/buffers.h"
#include "engine/saved.h"

namespace hilum {
namespace {

Tensor rectify(const char* name, Tensor x, const ReluProblem& a) {
  Saved source = recipe_of(x);
  Tensor y = output_for(x);
  run<ReluForward>(x.device(), a, std::as_const(x).data(), y.data());
  if (source.defined()) {
    set_recipe(y, {source}, [=]() mutable {
      const Tensor input = source.take();
      Tensor again = output_for(input);
      run<ReluForward>(input.device(), a, input.data(), again.data());
      return again;
    });
  }
  return record(name, {x}, y, [=, y_saved = Saved(y)](Tensor dy) {
    const Tensor output = y_saved.get();
    Tensor dx = output_for(dy);
    run<ReluBackward>(output.device(), a, output.data(), std::as_const(dy).data(), dx.data());
    return std::vector<Tensor>{dx};
  });
}

}  // namespace

Tensor relu(Tensor x) {
  const ReluProblem a{x.count()};
  return rectify("relu", std::move(x), a);
}

Tensor relu6(Tensor x) {
  const ReluProblem a{x.count(), 6};
  return rectify("relu6", std::move(x), a);
}

}  // namespace hilum
