// dense, cuda4: tensor cores, with inputs rounded to TF32 or to bf16 and sums in float.
//
// Idea: an instruction by which a warp multiplies 16 x 8 by 8 x 8 (TF32; twice as deep in bf16)
// replaces a thousand multiply-adds. The tile's way into shared memory is that of cuda3; numbers
// are rounded there, once, and not by every warp that uses them. Four warps take a quarter of the
// tile each, 32 x 32 as 2 x 4 fragments, and a fragment of A serves four instructions. Both kinds
// are one source: a word of shared memory is one TF32 or two bf16, and the lanes' places are the
// same.
//
// Not chosen unless asked for: the inputs' rounding is 2^-11 (TF32) and 2^-8 (bf16), where float
// has 2^-24.
//
// Bound by: memory, at a batch of 32 as cuda3 is; for large products by the way from memory to
// shared memory, which takes each number through registers.
#include "kernels/dense/cuda_tile.h"
#include "kernels/tensor_core.h"

namespace hilum {
namespace {

struct Tf32Word {
  using Type = std::uint32_t;
  static constexpr unsigned depth = 1;
  __device__ static std::uint32_t make(const float (&v)[1]) { return to_tf32(v[0]); }
  __device__ static void multiply(float (&d)[4], const std::uint32_t (&a)[4],
                                  const std::uint32_t (&b)[2]) {
    mma_tf32(d, a, b);
  }
};
struct Bf16Word {
  using Type = std::uint32_t;
  static constexpr unsigned depth = 2;
  __device__ static std::uint32_t make(const float (&v)[2]) { return pack_bf16(v[0], v[1]); }
  __device__ static void multiply(float (&d)[4], const std::uint32_t (&a)[4],
                                  const std::uint32_t (&b)[2]) {
    mma_bf16(d, a, b);
  }
};

// The places of a lane, g = lane / 4 and t = lane % 4, are drawn in tensor_core.h.
template <class OfWord>
class Fragments {
 public:
  using Word = OfWord;
  static constexpr unsigned quarter = dense_tile / 2, down = quarter / 16, across = quarter / 8;

  __device__ void step(const std::uint32_t* a, const std::uint32_t* b) {
    const unsigned t = threadIdx.x % 4;
    a += row();
    b += column();
#pragma unroll
    for (unsigned k = 0; k < tile_depth; k += 8) {
      const unsigned near = (k + t) * tile_pitch, far = (k + t + 4) * tile_pitch;
      std::uint32_t left[down][4], right[across][2];
#pragma unroll
      for (unsigned i = 0; i < down; ++i) {
        left[i][0] = a[near + 16 * i];
        left[i][1] = a[near + 16 * i + 8];
        left[i][2] = a[far + 16 * i];
        left[i][3] = a[far + 16 * i + 8];
      }
#pragma unroll
      for (unsigned j = 0; j < across; ++j) {
        right[j][0] = b[near + 8 * j];
        right[j][1] = b[far + 8 * j];
      }
#pragma unroll
      for (unsigned i = 0; i < down; ++i) {
#pragma unroll
        for (unsigned j = 0; j < across; ++j) Word::multiply(sum_[i][j], left[i], right[j]);
      }
    }
  }
  template <class Visit>
  __device__ void visit(Visit visit) const {
    const unsigned g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
    for (unsigned i = 0; i < down; ++i) {
#pragma unroll
      for (unsigned j = 0; j < across; ++j) {
        const unsigned m = row() + 16 * i, n = column() - g + 8 * j + 2 * t;
        visit(m, n, sum_[i][j][0]);
        visit(m, n + 1, sum_[i][j][1]);
        visit(m + 8, n, sum_[i][j][2]);
        visit(m + 8, n + 1, sum_[i][j][3]);
      }
    }
  }

 private:
  // Of the warp's quarter, plus g.
  __device__ static unsigned row() { return threadIdx.x / 64 * quarter + threadIdx.x % 32 / 4; }
  __device__ static unsigned column() {
    return threadIdx.x / 32 % 2 * quarter + threadIdx.x % 32 / 4;
  }

  float sum_[down][across][4] = {};
};

}  // namespace

HILUM_CUDA_ROW(DenseForward, dense_forward_cuda4_tf32);
void dense_forward_cuda4_tf32(const Launch& on, const DenseProblem& a, const float* x,
                              const float* w, float* y) {
  run_tiles<Fragments<Tf32Word>>(on, dense_forward_product(a, x, w, y));
}
HILUM_CUDA_ROW(DenseBackwardData, dense_backward_data_cuda4_tf32);
void dense_backward_data_cuda4_tf32(const Launch& on, const DenseProblem& a, const float* w,
                                    const float* dy, float* dx) {
  run_tiles<Fragments<Tf32Word>>(on, dense_backward_data_product(a, w, dy, dx));
}
HILUM_CUDA_ROW(DenseBackwardWeight, dense_backward_weight_cuda4_tf32);
void dense_backward_weight_cuda4_tf32(const Launch& on, const DenseProblem& a, const float* x,
                                      const float* dy, float* dw) {
  run_tiles<Fragments<Tf32Word>>(on, dense_backward_weight_product(a, x, dy, dw));
}

HILUM_CUDA_ROW(DenseForward, dense_forward_cuda4_bf16);
void dense_forward_cuda4_bf16(const Launch& on, const DenseProblem& a, const float* x,
                              const float* w, float* y) {
  run_tiles<Fragments<Bf16Word>>(on, dense_forward_product(a, x, w, y));
}
HILUM_CUDA_ROW(DenseBackwardData, dense_backward_data_cuda4_bf16);
void dense_backward_data_cuda4_bf16(const Launch& on, const DenseProblem& a, const float* w,
                                    const float* dy, float* dx) {
  run_tiles<Fragments<Bf16Word>>(on, dense_backward_data_product(a, w, dy, dx));
}
HILUM_CUDA_ROW(DenseBackwardWeight, dense_backward_weight_cuda4_bf16);
void dense_backward_weight_cuda4_bf16(const Launch& on, const DenseProblem& a, const float* x,
                                      const float* dy, float* dw) {
  run_tiles<Fragments<Bf16Word>>(on, dense_backward_weight_product(a, x, dy, dw));
}

}  // namespace hilum
