// The three passes of dense as one product C = A B, M x K times K x N, whose operands may stand
// transposed: an element is found by two strides, one of which is 1. Also how the work is cut, for
// table.cpp (workspace) and the kernels alike.
#pragma once

#include <algorithm>

#include "kernels/dense/dense.h"

namespace hilum {

struct StridedMatrix {
  const float* at;
  std::size_t row, column;  // strides
};

struct DenseProduct {
  std::size_t m, n, k;
  StridedMatrix a, b;
  float* c;  // row-major
};

// Y = X W^T, dX = dY W, dW = dY^T X.
inline DenseProduct dense_forward_product(const DenseProblem& p, const float* x, const float* w,
                                          float* y) {
  return {p.n, p.o, p.i, {x, p.i, 1}, {w, 1, p.i}, y};
}
inline DenseProduct dense_backward_data_product(const DenseProblem& p, const float* w,
                                                const float* dy, float* dx) {
  return {p.n, p.i, p.o, {dy, p.o, 1}, {w, p.i, 1}, dx};
}
inline DenseProduct dense_backward_weight_product(const DenseProblem& p, const float* x,
                                                  const float* dy, float* dw) {
  return {p.o, p.i, p.n, {dy, 1, p.o}, {x, p.i, 1}, dw};
}

// Into how many parts K is cut (split K). A batch of 32 gives too few tiles of 64 x 64 to occupy a
// GPU of a hundred multiprocessors, and a long sum over K; the parts are computed side by side and
// added in order afterwards. The shape alone decides, so that the bits are the same everywhere.
inline constexpr std::size_t dense_tile = 64;
inline std::size_t dense_parts(std::size_t m, std::size_t n, std::size_t k) {
  const std::size_t tiles =
      ((m + dense_tile - 1) / dense_tile) * ((n + dense_tile - 1) / dense_tile);
  const std::size_t wanted = (256 + tiles - 1) / tiles, shortest = 256;
  return std::max<std::size_t>(1, std::min(wanted, k / shortest));
}
// The parts of C, one after another; none where there is one part.
inline std::size_t dense_parts_bytes(std::size_t m, std::size_t n, std::size_t k) {
  const std::size_t parts = dense_parts(m, n, k);
  return parts == 1 ? 0 : parts * m * n * sizeof(float);
}
inline std::size_t dense_forward_cuda_workspace(const DenseProblem& a) {
  return dense_parts_bytes(a.n, a.o, a.i);
}
inline std::size_t dense_backward_data_cuda_workspace(const DenseProblem& a) {
  return dense_parts_bytes(a.n, a.i, a.o);
}
inline std::size_t dense_backward_weight_cuda_workspace(const DenseProblem& a) {
  return dense_parts_bytes(a.o, a.i, a.n);
}

// Tensor cores: what rounding the inputs does to a sum, in eps x sum of |terms|. TF32 keeps 10 bits
// behind the point, so each factor is off by 2^-11 at most and a product by 2^-10 = 2^13 eps; bf16
// keeps 7, so a product is off by 2^-7 = 2^16 eps. Added to that are the second-order term (2^-22
// and 2^-16) and the sums in float.
inline constexpr double dense_tf32_tolerance = 8192 + 2 + 4, dense_bf16_tolerance = 65536 + 128 + 4;

}  // namespace hilum
