// Networks whose batch norms change something.
#pragma once

#include "engine/module.h"
#include "kernels/philox.h"

namespace hilum::test {

// Statistics and parameters away from 0 and 1.
inline void stir(Module& net) {
  std::uint64_t seed = 1;
  for (const auto& all : {net.parameters(), net.buffers()}) {
    for (const NamedTensor& t : all) {
      if (t.tensor.shape().rank() != 1) continue;
      const Philox random{++seed};
      const bool around_one = t.name.ends_with("weight") || t.name.ends_with("var");
      Tensor to = t.tensor;
      for (std::size_t i = 0; i < to.count(); ++i) {
        to.data()[i] = (around_one ? 1 : 0) + static_cast<float>(random.uniform(i, -0.2, 0.2));
      }
    }
  }
}

}  // namespace hilum::test
