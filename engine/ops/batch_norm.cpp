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

void check_operands(const Tensor& x, const Shape& shape, const std::vector<Tensor>& parameters) {
  const std::size_t rank = shape.rank();
  for (const Tensor& t : parameters) {
    check_same_device("batch_norm", x, t);
    if (rank < 2 || t.shape() != Shape{shape[rank - 1]}) {
      throw usage_error("batch_norm: x {} with a parameter {}. Expected one value a channel.",
                        shape.str(), t.shape().str());
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

// The same without a shortcut, of parts that lie side by side in y.
Tensor fused_parts(const std::vector<BatchNormFusedProblem>& problems, const Shape& shape,
                   const std::vector<Tensor>& parts, const Tensor& gamma, const Tensor& beta,
                   Tensor& running_mean, Tensor& running_var) {
  const Device device = gamma.device();
  Tensor mean = Tensor::empty(gamma.shape(), device), inv_std = Tensor::empty(mean.shape(), device);
  Tensor y = Tensor::empty(shape, device);
  // Calls body(part, its first channel).
  const auto for_parts = [count = parts.size(), problems](auto body) {
    for (std::size_t i = 0, c = 0; i < count; c += problems[i++].c) body(i, c);
  };
  for_parts([&](std::size_t i, std::size_t c) {
    run<BatchNormFusedForward>(device, problems[i], parts[i].data(), gamma.data() + c,
                               beta.data() + c, nullptr, running_mean.data() + c,
                               running_var.data() + c, y.data() + c, mean.data() + c,
                               inv_std.data() + c, running_mean.data() + c, running_var.data() + c);
  });
  std::vector<Tensor> inputs = parts;
  inputs.insert(inputs.end(), {gamma, beta});
  if (!needs_tape(inputs)) return y;

  const std::vector<Saved> saved(parts.begin(), parts.end());
  const Tensor g = gamma.detach(), b = beta.detach();
  set_recipe(y, saved, [=] {
    Tensor again = Tensor::empty(shape, device);
    for_parts([&](std::size_t i, std::size_t c) {
      const Tensor input = saved[i].get();
      run<BatchNormFusedRebuild>(device, problems[i], input.data(), g.data() + c, b.data() + c,
                                 nullptr, mean.data() + c, inv_std.data() + c, again.data() + c);
    });
    return again;
  });
  return record("batch_norm_fused", inputs, y, [=](const Tensor& dy) {
    Tensor dgamma = Tensor::empty(g.shape(), device), dbeta = Tensor::empty(g.shape(), device);
    std::vector<Tensor> gradients;
    for_parts([&](std::size_t i, std::size_t c) {
      const Tensor input = saved[i].get();
      gradients.push_back(Tensor::empty(input.shape(), device));
      run<BatchNormFusedBackward>(device, problems[i], input.data(), g.data() + c, b.data() + c,
                                  mean.data() + c, inv_std.data() + c, nullptr, dy.data() + c,
                                  gradients[i].data(), nullptr, dgamma.data() + c,
                                  dbeta.data() + c);
    });
    gradients.insert(gradients.end(), {dgamma, dbeta});
    return gradients;
  });
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Tensor& running_mean,
                  Tensor& running_var, bool training, float momentum, float epsilon) {
  check_operands(x, x.shape(), {gamma, beta, running_mean, running_var});
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
  check_operands(x, x.shape(), {gamma, beta, running_mean, running_var});
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

Tensor batch_norm_relu(const std::vector<Tensor>& parts, const Tensor& gamma, const Tensor& beta,
                       Tensor& running_mean, Tensor& running_var, float momentum, float epsilon) {
  if (parts.empty()) throw usage_error("batch_norm: no parts. Expected at least one tensor.");
  const Shape shape = concat_shape(parts);
  check_operands(parts[0], shape, {gamma, beta, running_mean, running_var});
  std::vector<BatchNormFusedProblem> problems;
  bool can = !forced_row("concat", "forward") && !forced_row("concat", "backward");
  for (const Tensor& part : parts) {
    const std::size_t c = part.size(shape.rank() - 1);
    problems.push_back({problem_of(part, c, momentum, epsilon), true, false, gamma.count()});
    can = can && can_fuse_norm(part.device(), problems.back());
  }
  if (!can || parts.size() == 1) {
    return batch_norm_relu(concat(parts), gamma, beta, running_mean, running_var, momentum,
                           epsilon);
  }
  return fused_parts(problems, shape, parts, gamma, beta, running_mean, running_var);
}

}  // namespace hilum
