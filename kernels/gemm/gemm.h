// The matrix product that convolutions (as im2col) and dense layers stand on. A building block, not
// an operation: it has no table, and unlike a kernel it can add to what its output holds.
//
//   C[i,j] = (accumulate ? C[i,j] : 0) + sum over p of A[i,p] B[p,j]      A is MxK, B KxN, C MxN
//
// Either operand may be transposed, or a slice of something larger: element (i,j) stands at
// data[i * row + j * column]. One of the two strides should be 1, everything else is slow. C is
// row-major with its own row stride.
//
// Bits: every element of C is summed over p in ascending order, in chunks of gemm_chunk_k with one
// rounding between chunks, whatever the number of threads, the shape of C or the strides. (They do
// depend on the instruction set, which may fuse multiply and add.)
#pragma once

#include <cstddef>

namespace hilum {

inline constexpr std::size_t gemm_chunk_k = 256;

struct MatrixView {
  const float* data;
  std::size_t row, column;  // strides in elements

  MatrixView transposed() const { return {data, column, row}; }
};

struct GemmProblem {
  std::size_t m, n, k;
  MatrixView a, b;
  float* c;
  std::size_t c_row;  // elements from one row of C to the next, at least n
  bool accumulate = false;
};

// Spread over OpenMP's threads. `workspace` is gemm_workspace(m, n, k) bytes, aligned to 64.
// K = 0 gives zeros (or leaves C as it was, accumulating); M = 0 or N = 0 does nothing.
void gemm(const GemmProblem& problem, void* workspace);
std::size_t gemm_workspace(std::size_t m, std::size_t n, std::size_t k);

// The same on the calling thread alone, for callers that are inside a parallel region already: each
// thread brings its own gemm_workspace_one_thread(m, n, k) bytes, aligned to 64. Same bits.
void gemm_one_thread(const GemmProblem& problem, void* workspace);
std::size_t gemm_workspace_one_thread(std::size_t m, std::size_t n, std::size_t k);

}  // namespace hilum
