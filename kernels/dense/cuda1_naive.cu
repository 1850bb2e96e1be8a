// dense, cuda1: one thread an output.
//
// Idea: every element of the result is a dot product, and all are independent. Neighbouring threads
// take neighbouring columns. In the backward passes these are neighbours in memory and a warp reads
// whole lines; in the forward pass (w transposed) the 32 lanes read 32 rows of w at once, of whose
// lines each gives one number.
//
// Bound by: loads. Every multiply-add fetches both of its factors.
#include "kernels/cuda.h"
#include "kernels/dense/cuda_product.h"

namespace hilum {
namespace {

constexpr unsigned block = 128;

__global__ void product(DenseProduct p) {
  for (std::size_t i = grid_thread(); i < p.m * p.n; i += grid_threads()) {
    const auto [row, column] = divide(i, p.n);
    const float* a = p.a.at + row * p.a.row;
    const float* b = p.b.at + column * p.b.column;
    float sum = 0;
    for (std::size_t k = 0; k < p.k; ++k) sum += a[k * p.a.column] * b[k * p.b.row];
    p.c[i] = sum;
  }
}

void run(const Launch& on, const DenseProduct& p) {
  launch<product>(on, blocks_for(p.m * p.n, block), block, 0, p);
}

}  // namespace

HILUM_CUDA_ROW(DenseForward, dense_forward_cuda1_naive);
void dense_forward_cuda1_naive(const Launch& on, const DenseProblem& a, const float* x,
                               const float* w, float* y) {
  run(on, dense_forward_product(a, x, w, y));
}
HILUM_CUDA_ROW(DenseBackwardData, dense_backward_data_cuda1_naive);
void dense_backward_data_cuda1_naive(const Launch& on, const DenseProblem& a, const float* w,
                                     const float* dy, float* dx) {
  run(on, dense_backward_data_product(a, w, dy, dx));
}
HILUM_CUDA_ROW(DenseBackwardWeight, dense_backward_weight_cuda1_naive);
void dense_backward_weight_cuda1_naive(const Launch& on, const DenseProblem& a, const float* x,
                                       const float* dy, float* dw) {
  run(on, dense_backward_weight_product(a, x, dy, dw));
}

}  // namespace hilum
