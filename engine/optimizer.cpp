// Walks over the parameters; the arithmetic is in kernels/sgd and kernels/adam.
#include "engine/optimizer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "engine/scope.h"
#include "engine/tape.h"
#include "kernels/adam/adam.h"
#include "kernels/dispatch.h"
#include "kernels/error.h"
#include "kernels/sgd/sgd.h"

namespace hilum {
namespace {

// Parameters wait for one another until they have so many numbers: a call for each batch norm's
// would cost more than it spares.
constexpr std::size_t worth_an_update = std::size_t{1} << 18;

class Sgd : public Optimizer {
 public:
  Sgd(std::vector<NamedTensor> parameters, const OptimizerOptions& o)
      : Optimizer(
            std::move(parameters), o,
            o.momentum != 0 ? std::vector<std::string>{"velocity"} : std::vector<std::string>{}) {}

 protected:
  void update(Device device, const std::vector<Update>& all) override {
    for (const Update& one : all) {
      const SgdProblem a{one.count, one.lr, options_.momentum, options_.nesterov,
                         options_.weight_decay};
      float* v = one.moments.empty() ? nullptr : one.moments[0];
      run<SgdStep>(device, a, one.w, one.g, v, one.w, v);
    }
  }
};

class Adam : public Optimizer {
 public:
  Adam(std::vector<NamedTensor> parameters, const OptimizerOptions& o)
      : Optimizer(std::move(parameters), o, {"m", "v"}) {}

 protected:
  // One call for all parameters of a rate: one launch on a GPU, one wake-up of the threads on the
  // CPU.
  void update(Device device, const std::vector<Update>& all) override {
    const OptimizerOptions& o = options_;
    std::map<double, Pointers> by_rate;
    for (const Update& one : all) {
      Pointers& to = by_rate[one.lr];
      to.counts.push_back(one.count);
      to.w.push_back(one.w);
      to.g.push_back(one.g);
      to.m.push_back(one.moments[0]);
      to.v.push_back(one.moments[1]);
    }
    for (auto& [lr, to] : by_rate) {
      const AdamAllProblem a{
          to.counts,
          {0, lr, steps_, o.beta1, o.beta2, o.epsilon, o.weight_decay, o.name == "adamw"}};
      run<AdamStepAll>(device, a, to.w.data(), to.g.data(), to.m.data(), to.v.data(), to.w.data(),
                       to.m.data(), to.v.data());
    }
  }

 private:
  struct Pointers {
    std::vector<std::size_t> counts;
    std::vector<float*> w, m, v;
    std::vector<const float*> g;
  };
};

void check(const OptimizerOptions& o) {
  auto range = [](const char* what, double value, bool good, const char* expected) {
    if (!good) throw usage_error("optimiser: {} {}. Expected {}.", what, value, expected);
  };
  range("learning rate", o.lr, o.lr >= 0 && std::isfinite(o.lr), "0 or more");
  range("momentum", o.momentum, o.momentum >= 0 && o.momentum < 1, "0 <= momentum < 1");
  range("beta1", o.beta1, o.beta1 >= 0 && o.beta1 < 1, "0 <= beta1 < 1");
  range("beta2", o.beta2, o.beta2 >= 0 && o.beta2 < 1, "0 <= beta2 < 1");
  range("epsilon", o.epsilon, o.epsilon > 0, "more than 0");
  range("weight decay", o.weight_decay, o.weight_decay >= 0 && std::isfinite(o.weight_decay),
        "0 or more");
}

}  // namespace

Optimizer::Optimizer(std::vector<NamedTensor> parameters, OptimizerOptions options,
                     std::vector<std::string> slots)
    : options_(std::move(options)), slots_(std::move(slots)) {
  for (NamedTensor& parameter : parameters) {
    Entry& entry = entries_.emplace_back(Entry{std::move(parameter), {}, 1});
    if (entry.parameter.tensor.requires_grad()) make_moments(entry);
  }
}

void Optimizer::make_moments(Entry& entry) {
  const Tensor& w = entry.parameter.tensor;
  while (entry.moments.size() < slots_.size()) {
    entry.moments.push_back(Tensor::zeros(w.shape(), w.device()));
  }
}

void Optimizer::set_lr_factors(const std::function<double(const std::string&)>& factor_of) {
  for (Entry& entry : entries_) entry.lr_factor = factor_of(entry.parameter.name);
}

Optimizer::Update Optimizer::update_of(Entry& entry, std::size_t first_row,
                                       const Tensor& gradient) {
  make_moments(entry);  // a parameter that was frozen before
  Tensor w = entry.parameter.tensor;
  const std::size_t first = first_row == 0 ? 0 : first_row * (w.count() / w.size(0));
  Update one{gradient.count(), w.data() + first, gradient.data(), {}, options_.lr};
  one.lr *= entry.lr_factor;
  for (Tensor& moment : entry.moments) one.moments.push_back(moment.data() + first);
  return one;
}

void Optimizer::update_entries(const std::vector<Entry*>& entries) {
  std::vector<Update> all;
  for (Entry* entry : entries) {
    const Tensor& w = entry->parameter.tensor;
    if (w.grad().defined() && w.requires_grad()) all.push_back(update_of(*entry, 0, w.grad()));
  }
  if (all.empty()) return;
  const PathScope scope("optimizer");
  update(entries[0]->parameter.tensor.device(), all);
}

void Optimizer::step() {
  ++steps_;
  std::vector<Entry*> all;
  for (Entry& entry : entries_) all.push_back(&entry);
  update_entries(all);
}

void Optimizer::minimise(const Tensor& loss) {
  ++steps_;
  std::unordered_map<const TensorState*, Entry*> entry_of;
  for (Entry& entry : entries_) entry_of[entry.parameter.tensor.state().get()] = &entry;
  std::vector<Entry*> waiting;
  std::size_t waiting_numbers = 0;
  auto update_waiting = [&] {
    update_entries(waiting);
    for (Entry* entry : waiting) entry->parameter.tensor.clear_grad();
    waiting.clear();
    waiting_numbers = 0;
  };
  if (loss.count() != 1) throw usage_error("minimise {}: not a scalar.", loss.shape().str());
  const Tensor one = Tensor::full(loss.shape(), 1, loss.device());
  const auto entry_for = [&](const Tensor& leaf) {
    const auto found = entry_of.find(leaf.state().get());
    return found == entry_of.end() ? nullptr : found->second;
  };
  const LeafReady ready = [&](const Tensor& leaf) {
    Entry* const entry = entry_for(leaf);
    if (entry == nullptr) return;
    waiting.push_back(entry);
    waiting_numbers += leaf.count();
    if (waiting_numbers >= worth_an_update) update_waiting();
  };
  const LeafInRows in_rows = [&](const Tensor& leaf) -> TakeRows {
    Entry* const entry = entry_for(leaf);
    if (entry == nullptr) return nullptr;
    return [this, entry](std::size_t first_row, const Tensor& rows) {
      const PathScope scope("optimizer");
      update(rows.device(), {update_of(*entry, first_row, rows)});
    };
  };
  backward(loss, one, ready, in_rows);
  // And those with a gradient that this loss has nothing to do with.
  for (Entry& entry : entries_) {
    if (entry.parameter.tensor.grad().defined()) waiting.push_back(&entry);
  }
  std::sort(waiting.begin(), waiting.end());
  waiting.erase(std::unique(waiting.begin(), waiting.end()), waiting.end());
  update_waiting();
}

void Optimizer::zero_grad() {
  for (Entry& entry : entries_) entry.parameter.tensor.clear_grad();
}

std::vector<NamedTensor> Optimizer::state() {
  std::vector<NamedTensor> all;
  for (const Entry& entry : entries_) {
    for (std::size_t i = 0; i < entry.moments.size(); ++i) {
      all.push_back({slots_[i] + "." + entry.parameter.name, entry.moments[i]});
    }
  }
  return all;
}

std::unique_ptr<Optimizer> make_optimizer(std::vector<NamedTensor> parameters,
                                          const OptimizerOptions& options) {
  check(options);
  if (options.name == "sgd") return std::make_unique<Sgd>(std::move(parameters), options);
  if (options.name == "adam" || options.name == "adamw") {
    return std::make_unique<Adam>(std::move(parameters), options);
  }
  throw usage_error("optimiser '{}': not known. Expected sgd, adam or adamw.", options.name);
}

double Plateau::next(double lr, double monitored) {
  if (monitored < best - min_delta) {
    best = monitored;
    waited = 0;
    return lr;
  }
  if (++waited < patience) return lr;
  waited = 0;
  return lr > min_lr ? std::max(lr * factor, min_lr) : lr;
}

double cosine_lr(double lr, std::uint64_t step, std::uint64_t total, std::uint64_t warm_up,
                 double floor) {
  if (step < warm_up) return lr * static_cast<double>(step + 1) / static_cast<double>(warm_up);
  if (step >= total) return lr * floor;
  const double done = static_cast<double>(step - warm_up) / static_cast<double>(total - warm_up);
  return lr * (floor + (1 - floor) * 0.5 * (1 + std::cos(3.14159265358979323846 * done)));
}

}  // namespace hilum
