// dense, cuBLAS: the yardstick on a GPU. Two rows: `cublas` computes in float throughout,
// `cublas_tf32` lets tensor cores round the inputs to TF32.
//
// cuBLAS thinks in columns: a matrix of ours of r rows and c columns is to it c x r, its transpose.
#include "kernels/cublas.h"

#include "kernels/dense/dense.h"

namespace hilum {
namespace {

using cublas::check;

cublasHandle_t handle(const Launch& launch) {
  static const cublasHandle_t one = [] {
    cublasHandle_t made = nullptr;
    check(cublasCreate(&made), "starting");
    return made;
  }();
  check(cublasSetStream(one, static_cast<cudaStream_t>(launch.stream)), "choosing the stream");
  return one;
}

// c = op(a) op(b), column by column: c is m x n, the inner size k.
void multiply(const Launch& on, bool tf32, cublasOperation_t op_a, cublasOperation_t op_b,
              std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t row_a,
              const float* b, std::size_t row_b, float* c) {
  const float one = 1, zero = 0;
  check(cublasGemmEx_64(
            handle(on), op_a, op_b, static_cast<int64_t>(m), static_cast<int64_t>(n),
            static_cast<int64_t>(k), &one, a, CUDA_R_32F, static_cast<int64_t>(row_a), b,
            CUDA_R_32F, static_cast<int64_t>(row_b), &zero, c, CUDA_R_32F, static_cast<int64_t>(m),
            tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F_PEDANTIC, CUBLAS_GEMM_DEFAULT),
        "a product of matrices");
}

// y = x w^T
void forward(const Launch& on, const DenseProblem& a, bool tf32, const float* x, const float* w,
             float* y) {
  multiply(on, tf32, CUBLAS_OP_T, CUBLAS_OP_N, a.o, a.n, a.i, w, a.i, x, a.i, y);
}

// dx = dy w
void backward_data(const Launch& on, const DenseProblem& a, bool tf32, const float* w,
                   const float* dy, float* dx) {
  multiply(on, tf32, CUBLAS_OP_N, CUBLAS_OP_N, a.i, a.n, a.o, w, a.i, dy, a.o, dx);
}

// dw = dy^T x
void backward_weight(const Launch& on, const DenseProblem& a, bool tf32, const float* x,
                     const float* dy, float* dw) {
  multiply(on, tf32, CUBLAS_OP_N, CUBLAS_OP_T, a.i, a.o, a.n, x, a.i, dy, a.o, dw);
}

}  // namespace
}  // namespace hilum

using namespace hilum;

#define HILUM_CUBLAS_ROWS(pass)                                                         \
  HILUM_EXPORT void dense_##pass##_cublas(const Launch& on, const DenseProblem& a,      \
                                          const float* first, const float* second,      \
                                          float* result) {                              \
    pass(on, a, false, first, second, result);                                          \
  }                                                                                     \
  HILUM_EXPORT void dense_##pass##_cublas_tf32(const Launch& on, const DenseProblem& a, \
                                               const float* first, const float* second, \
                                               float* result) {                         \
    pass(on, a, true, first, second, result);                                           \
  }

HILUM_CUBLAS_ROWS(forward)
HILUM_CUBLAS_ROWS(backward_data)
HILUM_CUBLAS_ROWS(backward_weight)
