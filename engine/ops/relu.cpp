// relu on the tape. The output is kept; in place forward and backward where that is safe.
#include "kernels/relu/relu.h"

#include "engine/ops/buffers.h"
#include "engine/saved.h"

namespace hilum {

Tensor relu(Tensor x) {
  const ReluProblem a{x.count()};
  const Saved source = recipe_of(x);
  Tensor y = output_for(x);
  run<ReluForward>(x.device(), a, std::as_const(x).data(), y.data());
  if (source.defined()) {
    set_recipe(y, {source}, [=] {
      const Tensor input = source.get();
      Tensor again = Tensor::empty(input.shape(), input.device());
      run<ReluForward>(input.device(), a, input.data(), again.data());
      return again;
    });
  }
  return record("relu", {x}, y, [=, y_saved = Saved(y)](Tensor dy) {
    const Tensor output = y_saved.get();
    Tensor dx = output_for(dy);
    run<ReluBackward>(output.device(), a, output.data(), std::as_const(dy).data(), dx.data());
    return std::vector<Tensor>{dx};
  });
}

}  // namespace hilum
