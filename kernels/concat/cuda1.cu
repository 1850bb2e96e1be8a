// concat, CUDA: a launch for each part, one thread an element, which goes to its slice of each row.
// Bound by memory: 8 bytes moved an element.
#include "kernels/concat/concat.h"
#include "kernels/cuda.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;

// joined: rows of `total` channels, of which the part's begin at `offset`.
__global__ void into_slice(std::size_t count, std::size_t channels, std::size_t total,
                           std::size_t offset, const float* part, float* joined) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    const Division at = divide(i, channels);
    joined[at.quotient * total + offset + at.remainder] = part[i];
  }
}

__global__ void from_slice(std::size_t count, std::size_t channels, std::size_t total,
                           std::size_t offset, const float* joined, float* part) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    const Division at = divide(i, channels);
    part[i] = joined[at.quotient * total + offset + at.remainder];
  }
}

}  // namespace

HILUM_CUDA_ROW(ConcatForward, concat_forward_cuda1);
void concat_forward_cuda1(const Launch& on, const ConcatProblem& problem, const float* a,
                          const float* b, const float* c, const float* d, float* y) {
  const float* parts[4] = {a, b, c, d};
  std::size_t offset = 0;
  for (int i = 0; i < 4; ++i) {
    const std::size_t channels = problem.channels[i], count = problem.rows * channels;
    launch<into_slice>(on, blocks_for(count, block), block, 0, count, channels, problem.total(),
                       offset, parts[i], y);
    offset += channels;
  }
}

HILUM_CUDA_ROW(ConcatBackward, concat_backward_cuda1);
void concat_backward_cuda1(const Launch& on, const ConcatProblem& problem, const float* dy,
                           float* da, float* db, float* dc, float* dd) {
  float* parts[4] = {da, db, dc, dd};
  std::size_t offset = 0;
  for (int i = 0; i < 4; ++i) {
    const std::size_t channels = problem.channels[i], count = problem.rows * channels;
    launch<from_slice>(on, blocks_for(count, block), block, 0, count, channels, problem.total(),
                       offset, dy, parts[i]);
    offset += channels;
  }
}

}  // namespace hilum
