// flatten, CUDA: each image is a matrix of H W rows and C columns that is transposed, tile by tile
// through shared memory, so that reading and writing both go along memory. A row of the tile has
// one float more than it needs: without it a column would lie in a single bank. Bound by memory: 8
// bytes moved an element.
#include "kernels/cuda.h"
#include "kernels/flatten/flatten.h"

namespace hilum {
namespace {

constexpr unsigned tile = 32, depth = 8;  // a block of 32 x 8 threads moves a tile of 32 x 32

// y[n, column, row] = x[n, row, column]
__global__ void transpose(std::size_t rows, std::size_t columns, std::size_t tiles_down,
                          std::size_t tiles_across, const float* x, float* y) {
  __shared__ float square[tile][tile + 1];
  const Division down = divide(blockIdx.x, tiles_across);
  const Division image = divide(down.quotient, tiles_down);
  const std::size_t first = image.quotient * rows * columns;
  const std::size_t row = image.remainder * tile, column = down.remainder * tile;
  for (unsigned i = threadIdx.y; i < tile; i += depth) {
    if (row + i < rows && column + threadIdx.x < columns) {
      square[i][threadIdx.x] = x[first + (row + i) * columns + column + threadIdx.x];
    }
  }
  __syncthreads();
  for (unsigned i = threadIdx.y; i < tile; i += depth) {
    if (column + i < columns && row + threadIdx.x < rows) {
      y[first + (column + i) * rows + row + threadIdx.x] = square[threadIdx.x][i];
    }
  }
}

void transpose_images(const Launch& on, std::size_t n, std::size_t rows, std::size_t columns,
                      const float* x, float* y) {
  const std::size_t down = (rows + tile - 1) / tile, across = (columns + tile - 1) / tile;
  launch<transpose>(on, static_cast<unsigned>(n * down * across), dim3(tile, depth), 0, rows,
                    columns, down, across, x, y);
}

}  // namespace

HILUM_CUDA_ROW(FlattenForward, flatten_forward_cuda1);
void flatten_forward_cuda1(const Launch& on, const FlattenProblem& a, const float* x, float* y) {
  transpose_images(on, a.n, a.h * a.w, a.c, x, y);
}

HILUM_CUDA_ROW(FlattenBackward, flatten_backward_cuda1);
void flatten_backward_cuda1(const Launch& on, const FlattenProblem& a, const float* dy, float* dx) {
  transpose_images(on, a.n, a.c, a.h * a.w, dy, dx);
}

}  // namespace hilum
