// sigmoid, CUDA: one thread an element. Bound by memory: 8 bytes moved an element forward, 12
// backward.
#include "kernels/cuda.h"
#include "kernels/sigmoid/sigmoid.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;

__global__ void forward(std::size_t count, const float* x, float* y) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) y[i] = 1 / (1 + expf(-x[i]));
}

__global__ void backward(std::size_t count, const float* y, const float* dy, float* dx) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    dx[i] = dy[i] * y[i] * (1 - y[i]);
  }
}

}  // namespace

HILUM_CUDA_ROW(SigmoidForward, sigmoid_forward_cuda1);
void sigmoid_forward_cuda1(const Launch& on, const SigmoidProblem& a, const float* x, float* y) {
  launch<forward>(on, blocks_for(a.count, block), block, 0, a.count, x, y);
}

HILUM_CUDA_ROW(SigmoidBackward, sigmoid_backward_cuda1);
void sigmoid_backward_cuda1(const Launch& on, const SigmoidProblem& a, const float* y,
                            const float* dy, float* dx) {
  launch<backward>(on, blocks_for(a.count, block), block, 0, a.count, y, dy, dx);
}

}  // namespace hilum
