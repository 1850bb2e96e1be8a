// adaptive_avg_pool, CUDA: one thread an element of the result, forward over the pixels of its
// window, backward over the windows that cover its pixel. Neighbours in a warp are neighbouring
// channels, so every access is along memory. Bound by memory.
#include "kernels/adaptive_avg_pool/adaptive_avg_pool.h"
#include "kernels/cuda.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;

struct Place {
  std::size_t n, row, column, channel;
};
__device__ Place place_of(std::size_t i, std::size_t rows, std::size_t columns,
                          std::size_t channels) {
  const Division pixel = divide(i, channels), line = divide(pixel.quotient, columns);
  const Division image = divide(line.quotient, rows);
  return {image.quotient, image.remainder, line.remainder, pixel.remainder};
}

__global__ void forward(AdaptiveAvgPoolProblem a, const float* x, float* y) {
  const std::size_t count = a.n * a.p * a.q * a.c;
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    const Place at = place_of(i, a.p, a.q, a.c);
    const PoolRange rows = adaptive_range(at.row, a.h, a.p);
    const PoolRange columns = adaptive_range(at.column, a.w, a.q);
    float sum = 0;
    for (std::size_t h = rows.begin; h < rows.end; ++h) {
      for (std::size_t w = columns.begin; w < columns.end; ++w) {
        sum += x[((at.n * a.h + h) * a.w + w) * a.c + at.channel];
      }
    }
    y[i] = sum / static_cast<float>((rows.end - rows.begin) * (columns.end - columns.begin));
  }
}

__global__ void backward(AdaptiveAvgPoolProblem a, const float* dy, float* dx) {
  const std::size_t count = a.n * a.h * a.w * a.c;
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    const Place at = place_of(i, a.h, a.w, a.c);
    const PoolRange down = adaptive_range(at.row, a.p, a.h);
    const PoolRange across = adaptive_range(at.column, a.q, a.w);
    float sum = 0;
    for (std::size_t p = down.begin; p < down.end; ++p) {
      for (std::size_t q = across.begin; q < across.end; ++q) {
        const PoolRange rows = adaptive_range(p, a.h, a.p), columns = adaptive_range(q, a.w, a.q);
        sum += dy[((at.n * a.p + p) * a.q + q) * a.c + at.channel] /
               static_cast<float>((rows.end - rows.begin) * (columns.end - columns.begin));
      }
    }
    dx[i] = sum;
  }
}

}  // namespace

HILUM_CUDA_ROW(AdaptiveAvgPoolForward, adaptive_avg_pool_forward_cuda1);
void adaptive_avg_pool_forward_cuda1(const Launch& on, const AdaptiveAvgPoolProblem& a,
                                     const float* x, float* y) {
  launch<forward>(on, blocks_for(a.y_count(), block), block, 0, a, x, y);
}

HILUM_CUDA_ROW(AdaptiveAvgPoolBackward, adaptive_avg_pool_backward_cuda1);
void adaptive_avg_pool_backward_cuda1(const Launch& on, const AdaptiveAvgPoolProblem& a,
                                      const float* dy, float* dx) {
  launch<backward>(on, blocks_for(a.x_count(), block), block, 0, a, dy, dx);
}

}  // namespace hilum
