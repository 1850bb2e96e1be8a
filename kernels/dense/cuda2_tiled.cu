// dense, cuda2: tiles in shared memory.
//
// Idea: a block computes 16 x 16 outputs and walks along K in steps of 16. The 256 threads bring
// one element of A and one of B each, then use all of them: each number that was fetched from
// memory serves 16 multiply-adds. Threads run along the axis that is contiguous in memory, so even
// a transposed operand is read in whole lines; turning it round costs nothing in shared memory,
// whose rows are 17 long so that columns fall into different banks.
//
// Bound by: shared memory. A multiply-add still needs two reads of it, and a warp's worth of reads
// takes as long as several multiply-adds.
#include "kernels/cuda.h"
#include "kernels/dense/cuda_product.h"

namespace hilum {
namespace {

constexpr unsigned tile = 16, block = tile * tile;

// Element (row, column) of the matrix, zero beyond its size.
__device__ float element(const StridedMatrix& matrix, std::size_t rows, std::size_t columns,
                         std::size_t row, std::size_t column) {
  return row < rows && column < columns ? matrix.at[row * matrix.row + column * matrix.column] : 0;
}

__global__ void product(DenseProduct p) {
  __shared__ float a[tile][tile + 1];  // [m, k]
  __shared__ float b[tile][tile + 1];  // [k, n]
  const unsigned tx = threadIdx.x % tile, ty = threadIdx.x / tile;
  const bool a_along_rows = p.a.row == 1, b_along_rows = p.b.row == 1;
  const std::size_t across = (p.n + tile - 1) / tile, tiles = (p.m + tile - 1) / tile * across;
  for (std::size_t t = blockIdx.x; t < tiles; t += gridDim.x) {
    const std::size_t m0 = t / across * tile, n0 = t % across * tile;
    float sum = 0;
    for (std::size_t k0 = 0; k0 < p.k; k0 += tile) {
      const unsigned ai = a_along_rows ? tx : ty, aj = a_along_rows ? ty : tx;
      const unsigned bi = b_along_rows ? tx : ty, bj = b_along_rows ? ty : tx;
      a[ai][aj] = element(p.a, p.m, p.k, m0 + ai, k0 + aj);
      b[bi][bj] = element(p.b, p.k, p.n, k0 + bi, n0 + bj);
      __syncthreads();
#pragma unroll
      for (unsigned k = 0; k < tile; ++k) sum += a[ty][k] * b[k][tx];
      __syncthreads();
    }
    if (m0 + ty < p.m && n0 + tx < p.n) p.c[(m0 + ty) * p.n + n0 + tx] = sum;
  }
}

void run(const Launch& on, const DenseProduct& p) {
  const std::size_t tiles = (p.m + tile - 1) / tile * ((p.n + tile - 1) / tile);
  launch<product>(on, blocks_for(tiles, 1), block, 0, p);
}

}  // namespace

HILUM_CUDA_ROW(DenseForward, dense_forward_cuda2_tiled);
void dense_forward_cuda2_tiled(const Launch& on, const DenseProblem& a, const float* x,
                               const float* w, float* y) {
  run(on, dense_forward_product(a, x, w, y));
}
HILUM_CUDA_ROW(DenseBackwardData, dense_backward_data_cuda2_tiled);
void dense_backward_data_cuda2_tiled(const Launch& on, const DenseProblem& a, const float* w,
                                     const float* dy, float* dx) {
  run(on, dense_backward_data_product(a, w, dy, dx));
}
HILUM_CUDA_ROW(DenseBackwardWeight, dense_backward_weight_cuda2_tiled);
void dense_backward_weight_cuda2_tiled(const Launch& on, const DenseProblem& a, const float* x,
                                       const float* dy, float* dw) {
  run(on, dense_backward_weight_product(a, x, dy, dw));
}

}  // namespace hilum
