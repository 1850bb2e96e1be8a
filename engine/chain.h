// A network as a chain of steps, so that it can be cut in two: a frozen beginning, whose features
// never change, and the rest, which is trained. The steps are what nested Sequentials call one
// after the other; a step with branches in it (a residual block) is one step.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/module.h"

namespace hilum {

class Chain {
 public:
  explicit Chain(Module& net);

  std::size_t size() const { return steps_.size(); }
  std::string path(std::size_t step) const;
  // Steps [first, last), under the names that they have in the whole network.
  Tensor run(Tensor x, std::size_t first, std::size_t last) const;
  // The same with activations computed again in backward (recompute.h), in about as many segments
  // as a segment has steps. The last one keeps its own: backward begins there.
  Tensor run_recomputed(Tensor x, std::size_t first, std::size_t last) const;
  // How many steps stand before the first that is trained or drops values; 0 where none of them has
  // parameters (there is nothing to be spared).
  std::size_t frozen_steps() const;

 private:
  struct Step {
    std::string parent;  // path of the Sequential that calls it
    std::string name;
    Module* module;
  };
  void unfold(const std::string& parent, const std::string& name, Module& module);

  std::vector<Step> steps_;
};

}  // namespace hilum
