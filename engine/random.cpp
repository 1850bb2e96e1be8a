// The dropout state of random.h.
#include "engine/random.h"

#include "kernels/philox.h"

namespace hilum {
namespace {
std::uint64_t dropout_seed = 0, dropout_step = 0;
}

void set_dropout_state(std::uint64_t seed, std::uint64_t step) {
  dropout_seed = seed;
  dropout_step = step;
}

DropoutStream dropout_stream(const std::string& path) {
  const Philox random =
      Philox{dropout_seed}.child(purpose("dropout")).child(purpose(path)).child(dropout_step);
  return {random.key, 0};
}

}  // namespace hilum
