// The dropout state of random.h.
#include "engine/random.h"

#include "kernels/philox.h"

namespace hilum {
namespace {
std::uint64_t current_seed = 0, current_step = 0;
}

void set_dropout_state(std::uint64_t seed, std::uint64_t step) {
  current_seed = seed;
  current_step = step;
}

std::uint64_t dropout_seed(const std::string& path) {
  return Philox{current_seed}
      .child(purpose("dropout"))
      .child(purpose(path))
      .child(current_step)
      .key;
}

}  // namespace hilum
