// global_avg_pool, CUDA. Forward: a block takes 32 channels of an image, 8 pixels at a time, so
// that a warp reads 32 neighbours in memory, and adds the 8 sums at the end. Backward: one thread
// an element. Bound by memory: 4 bytes an element of x.
#include "kernels/cuda.h"
#include "kernels/global_avg_pool/global_avg_pool.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;
constexpr unsigned tile = 32, depth = 8;

__global__ void forward(std::size_t pixels, std::size_t channels, const float* x, float* y) {
  __shared__ float partial[depth][tile];
  const std::size_t tiles = (channels + tile - 1) / tile;
  const std::size_t n = blockIdx.x / tiles, c = blockIdx.x % tiles * tile + threadIdx.x;
  float sum = 0;
  if (c < channels) {
    for (std::size_t i = threadIdx.y; i < pixels; i += depth) {
      sum += x[(n * pixels + i) * channels + c];
    }
  }
  partial[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || c >= channels) return;
  for (unsigned i = 1; i < depth; ++i) sum += partial[i][threadIdx.x];
  y[n * channels + c] = sum / static_cast<float>(pixels);
}

__global__ void backward(std::size_t count, std::size_t pixels, std::size_t channels,
                         const float* dy, float* dx) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    const Division pixel = divide(i, channels);
    dx[i] = dy[divide(pixel.quotient, pixels).quotient * channels + pixel.remainder] /
            static_cast<float>(pixels);
  }
}

}  // namespace

HILUM_CUDA_ROW(GlobalAvgPoolForward, global_avg_pool_forward_cuda1);
void global_avg_pool_forward_cuda1(const Launch& on, const GlobalAvgPoolProblem& a, const float* x,
                                   float* y) {
  const std::size_t tiles = (a.c + tile - 1) / tile;
  launch<forward>(on, static_cast<unsigned>(a.n * tiles), dim3(tile, depth), 0, a.h * a.w, a.c, x,
                  y);
}

HILUM_CUDA_ROW(GlobalAvgPoolBackward, global_avg_pool_backward_cuda1);
void global_avg_pool_backward_cuda1(const Launch& on, const GlobalAvgPoolProblem& a,
                                    const float* dy, float* dx) {
  launch<backward>(on, blocks_for(a.x_count(), block), block, 0, a.x_count(), a.h * a.w, a.c, dy,
                   dx);
}

}  // namespace hilum
