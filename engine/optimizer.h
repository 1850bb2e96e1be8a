// Optimisers: SGD (momentum, Nesterov), Adam, AdamW, each one call a step over all parameters, and
// learning-rate schedules. State has names, so that a checkpoint can hold it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/module.h"

namespace hilum {

struct OptimizerOptions {
  std::string name = "adam";  // sgd, adam, adamw
  float lr = 1e-3f;
  float momentum = 0.9f;  // sgd
  bool nesterov = false;  // sgd
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  float weight_decay = 0;  // sgd, adam: L2 added to the gradient; adamw: decoupled
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual void step() = 0;  // parameters without a gradient, or frozen, are left alone
  void zero_grad();
  float lr() const;
  void set_lr(float lr);
  std::uint64_t steps() const;
  void set_steps(std::uint64_t steps);
  std::vector<NamedTensor> state();  // moments, named after their parameters: "m.features.0.weight"
 protected:
  explicit Optimizer(std::vector<NamedTensor> parameters, OptimizerOptions options);
  std::vector<NamedTensor> parameters_;
  OptimizerOptions options_;
  std::uint64_t steps_ = 0;
};

std::unique_ptr<Optimizer> make_optimizer(std::vector<NamedTensor> parameters,
                                          const OptimizerOptions& options);

// Reduce on plateau, as Keras means it: after `patience` epochs without an improvement of more than
// min_delta the rate is multiplied by factor.
struct Plateau {
  std::size_t patience = 5;
  float factor = 0.1f, min_delta = 1e-4f, min_lr = 0;
  double best = 1e300;
  std::size_t waited = 0;
  float next(float lr, double monitored);  // the new rate
};

// Cosine from lr to lr * floor over `total` steps after a linear warm-up of `warm_up` steps.
float cosine_lr(float lr, std::uint64_t step, std::uint64_t total, std::uint64_t warm_up = 0,
                float floor = 0);

}  // namespace hilum
