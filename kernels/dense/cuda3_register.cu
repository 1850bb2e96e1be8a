// dense, cuda3: a tile in registers.
//
// Idea: each thread computes 8 x 4 outputs. For every k it takes 8 numbers of A and 4 of B from
// shared memory, as three reads of 16 bytes, and does 32 multiply-adds with them, where cuda2
// needed a read for each half of one. While a step of K is multiplied the next is on its way from
// memory into registers, and shared memory has two buffers, so a step costs one barrier. A batch
// gives few tiles, so K is cut into parts as well (dense_parts).
//
// Bound by: for a batch of 32 by the memory that w is read from (or dw written to): each weight is
// used once a row of the batch. For large products by the multiply-adds, the reads of shared memory
// close behind.
#include "kernels/dense/cuda_tile.h"

namespace hilum {
namespace {

struct FloatWord {
  using Type = float;
  static constexpr unsigned depth = 1;
  __device__ static float make(const float (&v)[1]) { return v[0]; }
};

// Thread (tx, ty) of 16 x 8 holds rows 8 ty … and columns 4 tx ….
class Registers {
 public:
  using Word = FloatWord;
  static constexpr unsigned rows = 8, columns = 4, threads_across = dense_tile / columns;

  __device__ void step(const float* a, const float* b) {
    const unsigned tx = threadIdx.x % threads_across, ty = threadIdx.x / threads_across;
#pragma unroll
    for (unsigned k = 0; k < tile_depth; ++k) {
      const auto* at = reinterpret_cast<const float4*>(a + k * tile_pitch + rows * ty);
      const float4 upper = at[0], lower = at[1];
      const float4 right = *reinterpret_cast<const float4*>(b + k * tile_pitch + columns * tx);
      const float left[rows] = {upper.x, upper.y, upper.z, upper.w,
                                lower.x, lower.y, lower.z, lower.w};
#pragma unroll
      for (unsigned i = 0; i < rows; ++i) {
        sum_[i][0] += left[i] * right.x;
        sum_[i][1] += left[i] * right.y;
        sum_[i][2] += left[i] * right.z;
        sum_[i][3] += left[i] * right.w;
      }
    }
  }
  template <class Visit>
  __device__ void visit(Visit visit) const {
    const unsigned tx = threadIdx.x % threads_across, ty = threadIdx.x / threads_across;
#pragma unroll
    for (unsigned i = 0; i < rows; ++i) {
#pragma unroll
      for (unsigned j = 0; j < columns; ++j) visit(rows * ty + i, columns * tx + j, sum_[i][j]);
    }
  }

 private:
  float sum_[rows][columns] = {};
};

}  // namespace

HILUM_CUDA_ROW(DenseForward, dense_forward_cuda3_register);
void dense_forward_cuda3_register(const Launch& on, const DenseProblem& a, const float* x,
                                  const float* w, float* y) {
  run_tiles<Registers>(on, dense_forward_product(a, x, w, y));
}
HILUM_CUDA_ROW(DenseBackwardData, dense_backward_data_cuda3_register);
void dense_backward_data_cuda3_register(const Launch& on, const DenseProblem& a, const float* w,
                                        const float* dy, float* dx) {
  run_tiles<Registers>(on, dense_backward_data_product(a, w, dy, dx));
}
HILUM_CUDA_ROW(DenseBackwardWeight, dense_backward_weight_cuda3_register);
void dense_backward_weight_cuda3_register(const Launch& on, const DenseProblem& a, const float* x,
                                          const float* dy, float* dw) {
  run_tiles<Registers>(on, dense_backward_weight_product(a, x, dy, dw));
}

}  // namespace hilum
