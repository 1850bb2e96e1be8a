// Optimisers: SGD (momentum, Nesterov), Adam, AdamW, each one call a step over all parameters, and
// learning-rate schedules. State has names, so that a checkpoint can hold it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/module.h"

namespace hilum {

struct OptimizerOptions {
  std::string name = "adam";  // sgd, adam, adamw
  double lr = 1e-3;
  double momentum = 0.9;  // sgd
  bool nesterov = false;  // sgd
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;  // sgd, adam: L2 added to the gradient; adamw: decoupled
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Parameters without a gradient, or frozen, are left alone.
  void step();
  // loss.backward(), step() and zero_grad() in one, with the same bits: a parameter is updated as
  // soon as its gradient is complete, which is then freed; a large one some rows at a time, where
  // its operation gives them so (tape.h).
  void minimise(const Tensor& loss);
  void zero_grad();
  double lr() const { return options_.lr; }
  void set_lr(double lr) { options_.lr = lr; }
  // Parameter groups: what the rate is multiplied by for the parameter of that name; 1 at first.
  void set_lr_factors(const std::function<double(const std::string& name)>& factor_of);
  std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }
  const OptimizerOptions& options() const { return options_; }

  // Moments, named after their parameters: "m.features.0.weight". The handles are the optimiser's
  // own: writing into them restores it. There from the beginning for every parameter that is
  // trainable when the optimiser is made.
  std::vector<NamedTensor> state();

 protected:
  // `slots`: what the moments are called.
  Optimizer(std::vector<NamedTensor> parameters, OptimizerOptions options,
            std::vector<std::string> slots);
  // Neighbouring numbers of a parameter, of its gradient and of its moments, and its rate.
  struct Update {
    std::size_t count;
    float* w;
    const float* g;
    std::vector<float*> moments;
    double lr;
  };
  // All of them, in place. steps_ counts from 1.
  virtual void update(Device device, const std::vector<Update>& all) = 0;

  OptimizerOptions options_;
  std::uint64_t steps_ = 0;

 private:
  struct Entry {
    NamedTensor parameter;
    std::vector<Tensor> moments;  // empty until the parameter is trained
    double lr_factor = 1;
  };
  void make_moments(Entry& entry);
  Update update_of(Entry& entry, std::size_t first_row, const Tensor& gradient);
  void update_entries(const std::vector<Entry*>& entries);

  std::vector<Entry> entries_;
  std::vector<std::string> slots_;
};

// A name that does not exist or an option out of its range is a usage error.
std::unique_ptr<Optimizer> make_optimizer(std::vector<NamedTensor> parameters,
                                          const OptimizerOptions& options);

// Reduce on plateau, as Keras means it: after `patience` epochs without an improvement of more than
// min_delta the rate is multiplied by factor. Lower is better.
struct Plateau {
  std::size_t patience = 5;
  double factor = 0.1, min_delta = 1e-4, min_lr = 0;
  double best = 1e300;
  std::size_t waited = 0;
  double next(double lr, double monitored);  // the new rate
};

// Cosine from lr to lr * floor over `total` steps after a linear warm-up of `warm_up` steps
// (Loshchilov and Hutter, arXiv 1608.03983, without restarts). step counts from 0.
double cosine_lr(double lr, std::uint64_t step, std::uint64_t total, std::uint64_t warm_up = 0,
                 double floor = 0);

}  // namespace hilum
