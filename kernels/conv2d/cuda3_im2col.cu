// conv2d, CUDA 3, im2col: the inputs of each pixel become a row of a matrix in memory, and the
// convolution one product of matrices.
//
// Idea: as cpu1_im2col.cpp, (pixels, R*S*C) times (R*S*C, K). All cunning then goes into one kernel
// that knows nothing of convolutions: 8 x 16 results a thread in registers, see cuda3_product.h.
// The matrix is R*S times x: images go through it in groups that fit in 256 MB.
//
// Since cuda2: 128 multiply-adds for six accesses of shared memory, not 8 for 9.
//
// Bounds: for 3x3 filters of 64 channels, writing and reading the matrix, 8 * 9 * C bytes a pixel
// for 18 * C * K flop: 64 filters are 16 flop a byte where an H100 has 20 a byte of its memory, so
// the matrix takes longer than the product. More filters hide it. (Compiler, sm_90: of the
// product's main loop 89 % are multiply-adds; see bench/gpu/compiled.py.)
#include "kernels/conv2d/cuda3_im2col.h"
#include "kernels/conv2d/cuda3_product.h"

namespace hilum {
namespace {

// Thread i: one number of `matrix` (pixels, depth); zeros in the padding of x and behind R*S*C.
__global__ void im2col(Conv2dProblem a, std::size_t out_h, std::size_t out_w, std::size_t depth,
                       const float* x, float* matrix) {
  const std::size_t pixels = a.n * out_h * out_w;
  for (std::size_t i = grid_thread(); i < pixels * depth; i += grid_threads()) {
    const std::size_t d = i % depth, q = i / depth % out_w, p = i / depth / out_w % out_h,
                      n = i / depth / out_w / out_h;
    const std::size_t c = d % a.c, s = d / a.c % a.s, r = d / a.c / a.s;
    const std::size_t h = p * a.stride_h + r * a.dilation_h - a.pad_h;
    const std::size_t w = q * a.stride_w + s * a.dilation_w - a.pad_w;
    const bool inside = r < a.r && h < a.h && w < a.w;
    matrix[i] = inside ? x[((n * a.h + h) * a.w + w) * a.c + c] : 0;
  }
}

// Results with nothing between them.
struct Rows {
  float* data;
  int columns;
  __device__ int grain() const { return columns; }
  __device__ float* row(int, int m) const {
    return data + static_cast<std::size_t>(m) * static_cast<std::size_t>(columns);
  }
  __device__ float* at(int m, int n) const { return row(0, m) + n; }
};

}  // namespace

HILUM_CUDA_ROW(Conv2dForward, conv2d_forward_cuda3_im2col);
void conv2d_forward_cuda3_im2col(const Launch& on, const Conv2dProblem& a, const float* x,
                                 const float* w, float* y) {
  const Conv2dIm2col t(a);
  Workspace memory(on);
  const float* filters = packed<float>(on, memory, a.k, a.r * a.s * a.c, w);
  float* matrix = memory.take<float>(t.group * t.pixels * t.depth);
  for (std::size_t n = 0; n < a.n; n += t.group) {
    Conv2dProblem part = a;
    part.n = std::min(t.group, a.n - n);
    const std::size_t pixels = part.n * t.pixels;
    launch<im2col>(on, blocks_for(pixels * t.depth, 256), 256, 0, part, a.p(), a.q(), t.depth,
                   x + n * a.h * a.w * a.c, matrix);
    multiply_into<FloatProduct<>>(on, memory,
                                  Matrix<float>{matrix, static_cast<int>(pixels), t.depth},
                                  Matrix<float>{filters, static_cast<int>(a.k), t.depth},
                                  Rows{y + n * t.pixels * a.k, static_cast<int>(a.k)}, t.cut(part));
  }
}

}  // namespace hilum
