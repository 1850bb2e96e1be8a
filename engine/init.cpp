// The schemes of Init.
#include "engine/init.h"

#include <algorithm>
#include <cmath>

#include "engine/scope.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

// Inputs and outputs of one neuron: filters [K,R,S,C] count their taps, dense weights are [O,I].
struct Fan {
  double in, out;
};
Fan fan_of(const Shape& w) {
  const auto size = [&w](std::size_t i) { return static_cast<double>(w[i]); };
  if (w.rank() == 4) return {size(1) * size(2) * size(3), size(0) * size(1) * size(2)};
  return {size(1), size(0)};
}

// Every number is a function of its index, so threads may share the work.
void fill_uniform(Tensor& t, const Philox& random, double bound) {
  float* const w = t.data();
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < t.count(); ++i) {
    w[i] = static_cast<float>(random.uniform(i, -bound, bound));
  }
}

void fill_normal(Tensor& t, const Philox& random, double deviation) {
  float* const w = t.data();
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < t.count(); ++i) {
    w[i] = static_cast<float>(deviation * random.normal(i));
  }
}

void fill_weight(Tensor& w, Init init, const Philox& random) {
  const Fan fan = fan_of(w.shape());
  switch (init) {
    case Init::glorot_uniform:
      return fill_uniform(w, random, std::sqrt(6 / (fan.in + fan.out)));
    case Init::he_normal:
      return fill_normal(w, random, std::sqrt(2 / fan.out));
    case Init::he_normal_in:
      return fill_normal(w, random, std::sqrt(2 / fan.in));
    case Init::he_uniform:
      return fill_uniform(w, random, std::sqrt(6 / fan.in));
    case Init::small_normal:
      return fill_normal(w, random, 0.01);
    case Init::torch_default:
    case Init::torch_weight:
      return fill_uniform(w, random, std::sqrt(1 / fan.in));
  }
}

}  // namespace

void initialise(Module& module, std::uint64_t seed) {
  const Philox random = Philox{seed}.child(purpose("init"));
  module.for_each([&](const std::string& path, Module& m) {
    auto stream = [&](const char* name) { return random.child(purpose(join_path(path, name))); };
    Tensor weight = m.parameter("weight"), bias = m.parameter("bias");
    const bool drawn = weight.defined() && weight.shape().rank() > 1;
    if (drawn) {
      Tensor values = Tensor::empty(weight.shape());
      fill_weight(values, m.init(), stream("weight"));
      weight.copy_from(values);
    } else if (weight.defined()) {
      weight.copy_from(Tensor::full(weight.shape(), 1));
    }
    if (bias.defined() && drawn && m.init() == Init::torch_default) {
      Tensor values = Tensor::empty(bias.shape());
      fill_uniform(values, stream("bias"), std::sqrt(1 / fan_of(weight.shape()).in));
      bias.copy_from(values);
    } else if (bias.defined()) {
      bias.copy_from(Tensor::zeros(bias.shape()));
    }
  });
  for (NamedTensor& buffer : module.buffers()) {
    const bool variance = buffer.name.ends_with("running_var");
    buffer.tensor.copy_from(Tensor::full(buffer.tensor.shape(), variance ? 1 : 0));
  }
}

}  // namespace hilum
