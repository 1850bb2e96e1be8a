// Unfolds Sequentials, runs parts of the chain.
#include "engine/chain.h"

#include <cmath>

#include "engine/layers.h"
#include "engine/recompute.h"
#include "engine/scope.h"

namespace hilum {
namespace {

// A step whose output is the same function of its input in every epoch.
bool stays_the_same(Module& step) {
  bool same = true;
  step.for_each([&same](const std::string&, Module& m) {
    const auto* dropout = dynamic_cast<const Dropout*>(&m);
    if (dropout != nullptr && dropout->rate() > 0) same = false;
    if (!m.frozen() && !m.buffers().empty()) same = false;  // running statistics
  });
  return same && step.trainable_count() == 0;
}

}  // namespace

Chain::Chain(Module& net) { unfold("", "", net); }

void Chain::unfold(const std::string& parent, const std::string& name, Module& module) {
  if (dynamic_cast<const Sequential*>(&module) == nullptr) {
    steps_.push_back({parent, name, &module});
    return;
  }
  for (const auto& [child_name, child] : module.children()) {
    unfold(join_path(parent, name), child_name, *child);
  }
}

std::string Chain::path(std::size_t step) const {
  return join_path(steps_.at(step).parent, steps_[step].name);
}

Tensor Chain::run(Tensor x, std::size_t first, std::size_t last) const {
  std::vector<Module*> modules;
  for (std::size_t i = first; i < last; ++i) modules.push_back(steps_[i].module);
  for (std::span<Module* const> rest(modules); !rest.empty();) {
    const PathScope scope(steps_[last - rest.size()].parent);
    rest = rest.subspan(run_step(rest, x));
  }
  return x;
}

Tensor Chain::run_recomputed(Tensor x, std::size_t first, std::size_t last) const {
  const auto length = static_cast<std::size_t>(std::ceil(std::sqrt(last - first)));
  for (; first + length < last; first += length) {
    std::vector<Tensor> parameters;
    for (std::size_t i = first; i < first + length; ++i) {
      for (const NamedTensor& p : steps_[i].module->parameters()) parameters.push_back(p.tensor);
    }
    const auto segment = [this, first, length](Tensor in) {
      return run(std::move(in), first, first + length);
    };
    x = recomputed(segment, x, parameters);
  }
  return run(std::move(x), first, last);
}

std::size_t Chain::frozen_steps() const {
  std::size_t count = 0, parameters = 0;
  for (const Step& step : steps_) {
    if (!stays_the_same(*step.module)) break;
    parameters += step.module->parameter_count();
    ++count;
  }
  return parameters == 0 ? 0 : count;
}

}  // namespace hilum
