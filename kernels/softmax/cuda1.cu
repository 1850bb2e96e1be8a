// softmax, CUDA: a warp a row. Its lanes take the classes in turn; the largest and the sum go round
// by shuffles, so nothing passes through shared memory. Bound by memory where there are many
// classes, by the launch where there are few.
#include "kernels/cuda_reduce.h"
#include "kernels/softmax/softmax.h"

namespace hilum {
namespace {

constexpr unsigned block = 128;  // 4 rows

__global__ void forward(std::size_t rows, std::size_t classes, const float* x, float* y) {
  const std::size_t lane = threadIdx.x % 32;
  for (std::size_t row = grid_thread() / 32; row < rows; row += grid_threads() / 32) {
    const float* in = x + row * classes;
    float* out = y + row * classes;
    float largest = -INFINITY;
    for (std::size_t c = lane; c < classes; c += 32) largest = in[c] > largest ? in[c] : largest;
    largest = warp_max(largest);
    float sum = 0;
    for (std::size_t c = lane; c < classes; c += 32) sum += out[c] = expf(in[c] - largest);
    sum = warp_sum(sum);
    for (std::size_t c = lane; c < classes; c += 32) out[c] /= sum;
  }
}

}  // namespace

HILUM_CUDA_ROW(SoftmaxForward, softmax_forward_cuda1);
void softmax_forward_cuda1(const Launch& on, const SoftmaxProblem& a, const float* x, float* y) {
  launch<forward>(on, blocks_for(a.n, block / 32), block, 0, a.n, a.c, x, y);
}

}  // namespace hilum
