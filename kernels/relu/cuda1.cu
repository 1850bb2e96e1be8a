// relu, CUDA: one thread an element, neighbours in memory by neighbours in a warp, so every access
// of a warp is one line of 128 bytes. Bound by memory: 8 bytes moved an element forward, 12
// backward.
#include "kernels/cuda.h"
#include "kernels/relu/relu.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;

__global__ void forward(std::size_t count, float ceiling, const float* x, float* y) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    y[i] = x[i] <= 0 ? 0 : x[i] >= ceiling ? ceiling : x[i];
  }
}

__global__ void backward(std::size_t count, float ceiling, const float* y, const float* dy,
                         float* dx) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    dx[i] = y[i] > 0 && y[i] < ceiling ? dy[i] : 0;
  }
}

}  // namespace

HILUM_CUDA_ROW(ReluForward, relu_forward_cuda1);
void relu_forward_cuda1(const Launch& on, const ReluProblem& a, const float* x, float* y) {
  launch<forward>(on, blocks_for(a.count, block), block, 0, a.count, a.ceiling, x, y);
}

HILUM_CUDA_ROW(ReluBackward, relu_backward_cuda1);
void relu_backward_cuda1(const Launch& on, const ReluProblem& a, const float* y, const float* dy,
                         float* dx) {
  launch<backward>(on, blocks_for(a.count, block), block, 0, a.count, a.ceiling, y, dy, dx);
}

}  // namespace hilum
