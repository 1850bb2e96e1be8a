// dense, cpu2_gemm: each pass is one matrix product with an operand transposed (gemm/gemm.h).
//
// Idea: a register tile of 14 x 32 uses every load many times. The transposes of dense.h cost
// nothing here: they are strides, and packing straightens them.
//
// Bound by: the FMA units once N is in the hundreds; at the batch of a training step by memory (w
// is read or dw written once) and by packing w, each float of which is used N times only.
// Measured (Sapphire Rapids, one thread, processor time; oneDNN's time over this one's):
//   1024 cubed         140 to 164 GFLOP/s              0.9 to 1.1
//   32x32768 -> 128    forward 71, dx 75, dw 125       0.8, 0.9, 1.1 to 1.4
//   10x32768 -> 128    forward 42, dx 42, dw 89        1.25, 0.8, 1.0 to 1.3
//   16x25088 -> 4096   forward 42, dx 35, dw 37        1.2, 0.9, 0.65
// The last loses where dw (411 MB) is written: stores that go around the cache would save reading
// it first.
#include "kernels/dense/rows.h"
#include "kernels/gemm/gemm.h"

namespace hilum {

// Y (N x O) = X (N x I) W^T (I x O).
void dense_forward_cpu2_gemm(const Launch& launch, const DenseProblem& a, const float* x,
                             const float* w, float* y) {
  gemm({a.n, a.o, a.i, {x, a.i, 1}, {w, 1, a.i}, y, a.o}, launch.workspace);
}
std::size_t dense_forward_cpu2_workspace(const DenseProblem& a) {
  return gemm_workspace(a.n, a.o, a.i);
}

// dX (N x I) = dY (N x O) W (O x I).
void dense_backward_data_cpu2_gemm(const Launch& launch, const DenseProblem& a, const float* w,
                                   const float* dy, float* dx) {
  gemm({a.n, a.i, a.o, {dy, a.o, 1}, {w, a.i, 1}, dx, a.i}, launch.workspace);
}
std::size_t dense_backward_data_cpu2_workspace(const DenseProblem& a) {
  return gemm_workspace(a.n, a.i, a.o);
}

// dW (O x I) = dY^T (O x N) X (N x I).
void dense_backward_weight_cpu2_gemm(const Launch& launch, const DenseProblem& a, const float* x,
                                     const float* dy, float* dw) {
  gemm({a.o, a.i, a.n, {dy, 1, a.o}, {x, a.i, 1}, dw, a.i}, launch.workspace);
}
std::size_t dense_backward_weight_cpu2_workspace(const DenseProblem& a) {
  return gemm_workspace(a.o, a.i, a.n);
}

}  // namespace hilum
