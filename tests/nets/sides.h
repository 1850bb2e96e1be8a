// On which side of its kinks a network is: which values a ReLU lets pass, which of a window is its
// maximum. Two programs that round otherwise may differ there, and their gradients then differ by
// far more than rounding.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "engine/module.h"
#include "engine/tape.h"

namespace hilum::test {

// While it lives, keeps the values that tell the sides, in order: what comes out of a ReLU, what
// goes into a maximum.
class SideKeeper {
 public:
  explicit SideKeeper(std::vector<NamedTensor>& kept)
      : listen_([&kept](const OperationRecord& r) {
          const std::string op = r.name;
          if (op != "relu" && op != "relu6" && op != "max_pool") return;
          const Tensor& tells = op == "max_pool" ? r.inputs[0] : r.output;
          kept.push_back({fmt::format("side.{:04}", kept.size()), tells.detach().clone()});
        }) {}

 private:
  ListenToOperations listen_;
};

}  // namespace hilum::test
