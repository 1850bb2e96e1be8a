// The weights and images of the golden files, which oracle.py draws too: random, with few values
// near the kinks of the network, where rounding would decide which gradients pass.
#pragma once

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "engine/random.h"
#include "engine/safetensors.h"
#include "kernels/philox.h"

namespace hilum::test {

inline const Philox golden_random{20};  // oracle.py's SEED

// Uniform in [low, high); oracle.py's drawn().
inline Tensor golden_draw(const std::string& name, const Shape& shape, double low, double high) {
  const Philox random = golden_random.child(purpose(name));
  Tensor t = Tensor::empty(shape);
  for (std::size_t i = 0; i < t.count(); ++i) {
    t.data()[i] = static_cast<float>(low + (high - low) * random.uniform_float(i));
  }
  return t;
}

// oracle.py's golden_value(), of a tensor in torchvision's layout.
inline Tensor golden_value(const std::string& name, const Shape& s, bool of_batch_norm) {
  if (s.rank() > 1) {
    const double fan_in = static_cast<double>(s.count() / s[0]);
    const double bound = std::sqrt((s.rank() == 4 ? 6 : 3) / fan_in);
    return golden_draw(name, s, -bound, bound);
  }
  if (name.ends_with("running_var")) return golden_draw(name, s, 0.5, 1.5);
  if (name.ends_with("weight")) return golden_draw(name, s, 0.2, 0.4);
  if (!of_batch_norm || !name.ends_with("bias")) return golden_draw(name, s, -0.2, 0.2);
  Tensor bias = golden_draw(name, s, -0.6, 0.6);
  for (std::size_t i = 0; i < s.count(); ++i) bias.data()[i] += bias.data()[i] < 0 ? -0.6f : 0.6f;
  return bias;
}

// For load_state_dict().
inline std::vector<NamedTensor> golden_weights(const Module& net) {
  std::vector<NamedTensor> weights = state_dict(net);
  std::set<std::string> names;
  for (const NamedTensor& t : weights) names.insert(t.name);
  for (NamedTensor& t : weights) {
    const std::string parent = t.name.substr(0, t.name.rfind('.') + 1);
    t.tensor = golden_value(t.name, t.tensor.shape(), names.contains(parent + "running_mean"));
  }
  return weights;
}

}  // namespace hilum::test
