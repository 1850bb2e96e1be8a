// dropout, CUDA: a thread draws one Philox block in registers and decides with its four words over
// four elements, so nothing is drawn twice and no mask is ever stored. Words are counted from
// offset 0, as on the CPU, hence the same mask; the first and the last block may lie partly
// outside.
//
// Bound by: memory, 8 bytes an element, with the generator (20 wide multiplications for four
// elements) close behind.
#include "kernels/cuda.h"
#include "kernels/dropout/dropout.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;

__global__ void dropout(std::size_t count, Philox random, std::uint64_t offset,
                        std::uint32_t threshold, float scale, const float* x, float* y) {
  const std::uint64_t first = offset / 4, blocks = (offset + count + 3) / 4 - first;
  for (std::size_t k = grid_thread(); k < blocks; k += grid_threads()) {
    const PhiloxBlock words = random.block(first + k);
    for (std::uint64_t lane = 0; lane < 4; ++lane) {
      const std::uint64_t place = 4 * (first + k) + lane;
      if (place < offset || place - offset >= count) continue;
      const std::size_t i = place - offset;
      y[i] = words.word[lane] >> 8 >= threshold ? x[i] * scale : 0;
    }
  }
}

void run(const Launch& on, const DropoutProblem& a, const float* x, float* y) {
  launch<dropout>(on, blocks_for(a.count / 4 + 2, block), block, 0, a.count, Philox{a.seed},
                  a.offset, a.threshold(), a.scale(), x, y);
}

}  // namespace

HILUM_CUDA_ROW(DropoutForward, dropout_forward_cuda1);
void dropout_forward_cuda1(const Launch& on, const DropoutProblem& a, const float* x, float* y) {
  run(on, a, x, y);
}

HILUM_CUDA_ROW(DropoutBackward, dropout_backward_cuda1);
void dropout_backward_cuda1(const Launch& on, const DropoutProblem& a, const float* dy, float* dx) {
  run(on, a, dy, dx);
}

}  // namespace hilum
