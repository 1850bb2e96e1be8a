// batch_norm on the tape, with the statistics of the batch or with fixed ones, alone or with what
// follows it. The input and the statistics are kept; with those of the batch the output need not
// be: whoever needs it later makes it again from them.
#include "kernels/batch_norm/batch_norm.h"

#include "engine/ops/buffers.h"
#include "engine/saved.h"
#include "kernels/batch_norm_fused/batch_norm_fused.h"

namespace hilum {
namespace {

bool can_fuse_norm(Device device, const BatchNormFusedProblem& a) {
  return can_fuse<BatchNormFusedForward>(device, a, {"batch_norm", "relu", "add"});
}

void check_operands(const Tensor& x, const std::vector<Tensor>& parameters) {
  const std::size_t rank = x.shape().rank();
  for (const Tensor& t : parameters) {
    check_same_device("batch_norm", x, t);
    if (rank < 2 || t.shape() != Shape{x.size(rank - 1)}) {
      throw usage_error("batch_norm: x {} with a parameter {}. Expected one value a channel.",
                        x.shape().str(), t.shape().str());
    }
  }
}

BatchNormProblem problem_of(const Tensor& x, std::size_t c, float momentum, float epsilon) {
  const BatchNormProblem a{c == 0 ? 0 : x.count() / c, c, epsilon, momentum};
  check(a);
  return a;
}

Tensor fused(const BatchNormFusedProblem& a, const Tensor& x, const Tensor& gamma,
             const Tensor& beta, Tensor& running_mean, Tensor& running_var, Tensor shortcut) {
  const Device device = x.device();
  Tensor mean = Tensor::empty({a.c}, device), inv_std = Tensor::empty({a.c}, device);
  // Saved before the output is made, which may be the shortcut's buffer where that is not kept.
  const bool taped = needs_tape({x, gamma, beta, shortcut});
  const Saved x_saved = taped ? Saved(x) : Saved(), r = taped ? Saved(shortcut) : Saved();
  Tensor y = a.shortcut ? output_for(shortcut) : Tensor::empty(x.shape(), device);
  auto data = [](const Tensor& t) { return t.defined() ? t.data() : nullptr; };
  run<BatchNormFusedForward>(device, a, x.data(), gamma.data(), beta.data(), data(shortcut),
                             running_mean.data(), running_var.data(), y.data(), mean.data(),
                             inv_std.data(), running_mean.data(), running_var.data());
  if (!taped) return y;

  const Tensor g = gamma.detach(), b = beta.detach();
  set_recipe(y, {x_saved, r}, [=] {
    const Tensor input = x_saved.get(), added = r.get();
    Tensor again = Tensor::empty(input.shape(), device);
    run<BatchNormFusedRebuild>(device, a, input.data(), g.data(), b.data(), data(added),
                               mean.data(), inv_std.data(), again.data());
    return again;
  });
  const Saved y_saved = a.relu && a.shortcut ? Saved(y) : Saved();  // for its sign
  return record("batch_norm_fused", {x, gamma, beta, shortcut}, y, [=](Tensor dy) {
    const Tensor input = x_saved.get(), output = y_saved.get();
    Tensor dshortcut = a.shortcut ? output_for(dy) : Tensor();
    Tensor dx = a.shortcut ? Tensor::empty(input.shape(), device) : output_for(dy);
    Tensor dgamma = Tensor::empty({a.c}, device), dbeta = Tensor::empty({a.c}, device);
    run<BatchNormFusedBackward>(device, a, input.data(), g.data(), b.data(), mean.data(),
                                inv_std.data(), data(output), std::as_const(dy).data(), dx.data(),
                                a.shortcut ? dshortcut.data() : nullptr, dgamma.data(),
                                dbeta.data());
    return std::vector<Tensor>{dx, dgamma, dbeta, dshortcut};
  });
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Tensor& running_mean,
                  Tensor& running_var, bool training, float momentum, float epsilon) {
  check_operands(x, {gamma, beta, running_mean, running_var});
  const std::size_t c = gamma.count();
  const BatchNormProblem a = problem_of(x, c, momentum, epsilon);
  const Device device = x.device();
  if (training && can_fuse_norm(device, {a, false, false})) {
    return fused({a, false, false}, x, gamma, beta, running_mean, running_var, {});
  }
  Tensor y = Tensor::empty(x.shape(), device), mean, inv_std;
  if (training) {
    mean = Tensor::empty({c}, device);
    inv_std = Tensor::empty({c}, device);
    run<BatchNormForward>(device, a, x.data(), gamma.data(), beta.data(), running_mean.data(),
                          running_var.data(), y.data(), mean.data(), inv_std.data(),
                          running_mean.data(), running_var.data());
  } else {
    mean = running_mean.detach();
    inv_std = running_var.detach();  // of which the kernel takes the root
    run<BatchNormInference>(device, a, x.data(), gamma.data(), beta.data(), mean.data(),
                            inv_std.data(), y.data());
  }
  return record("batch_norm", {x, gamma, beta}, y,
                [=, x = Saved(x), gamma = gamma.detach()](Tensor dy) {
                  const Tensor input = x.get();
                  Tensor dx = Tensor::empty(input.shape(), device),
                         dgamma = Tensor::empty({c}, device), dbeta = Tensor::empty({c}, device);
                  auto go = [&]<class Pass>() {
                    run<Pass>(device, a, input.data(), gamma.data(), mean.data(), inv_std.data(),
                              dy.data(), dx.data(), dgamma.data(), dbeta.data());
                  };
                  training ? go.template operator()<BatchNormBackward>()
                           : go.template operator()<BatchNormInferenceBackward>();
                  return std::vector<Tensor>{dx, dgamma, dbeta};
                },
                {{"epsilon", epsilon}});
}

Tensor batch_norm_relu(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                       Tensor& running_mean, Tensor& running_var, float momentum, float epsilon,
                       Tensor shortcut) {
  check_operands(x, {gamma, beta, running_mean, running_var});
  const BatchNormFusedProblem a{problem_of(x, gamma.count(), momentum, epsilon), true,
                                shortcut.defined()};
  if (shortcut.defined()) {
    check_same_device("batch_norm", x, shortcut);
    if (shortcut.shape() != x.shape()) {
      throw usage_error("batch_norm: x {} and a shortcut {}. Expected the same shape.",
                        x.shape().str(), shortcut.shape().str());
    }
  }
  if (can_fuse_norm(x.device(), a)) {
    return fused(a, x, gamma, beta, running_mean, running_var, std::move(shortcut));
  }
  Tensor y = batch_norm(x, gamma, beta, running_mean, running_var, true, momentum, epsilon);
  if (shortcut.defined()) y = add(std::move(y), shortcut);
  return relu(std::move(y));
}

}  // namespace hilum
