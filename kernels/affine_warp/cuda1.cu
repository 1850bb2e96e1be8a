// affine_warp, CUDA: one thread an output pixel, all its channels. A block takes a line of the
// output, as in pooling. Each product, sum and quotient is rounded by itself (nvcc would fuse them
// otherwise), so the bits are those of the CPU's rows.
//
// Bound by: memory, at a channel: one byte read (neighbours share their four pixels in the first
// cache) and four written.
#include "kernels/affine_warp/affine_warp.h"
#include "kernels/cuda.h"
#include "kernels/cuda_lines.h"

namespace hilum {
namespace {

__device__ __forceinline__ float times(float a, float b) { return __fmul_rn(a, b); }
__device__ __forceinline__ float plus(float a, float b) { return __fadd_rn(a, b); }
// a holds; a comparison that is false for what is not a number picks b.
__device__ __forceinline__ float larger(float a, float b) { return a > b ? a : b; }
__device__ __forceinline__ float smaller(float a, float b) { return a < b ? a : b; }

// Two neighbouring pixels of an axis and the weight of the second; see warp_place in ref.h.
struct Place {
  int first, second;
  float fraction;
};

__device__ Place place(float u, int size, WarpBorder border) {
  const auto length = static_cast<float>(size);
  if (border == WarpBorder::constant) {
    const float s = smaller(larger(u - 0.5f, -1), length), i = floorf(s);
    return {static_cast<int>(i), static_cast<int>(i) + 1, s - i};
  }
  if (border == WarpBorder::reflect) {
    const float twice = length + length;
    const float turns = smaller(larger(u / twice, -0x1p30f), 0x1p30f);
    u = plus(u, -times(twice, floorf(turns)));
    u = smaller(u, twice - u);
  }
  const float s = smaller(larger(u - 0.5f, 0), length - 1), i = floorf(s);
  const int first = static_cast<int>(i);
  return {first, first + 1 < size ? first + 1 : first, s - i};
}

// a + fraction (b - a)
__device__ __forceinline__ float blend(float fraction, float a, float b) {
  return plus(a, times(fraction, b - a));
}

// x is the image; y gets c values.
__device__ void pixel(const AffineWarpProblem& a, const std::uint8_t* x, const float* m, float gain,
                      const float* scale, const float* shift, std::size_t oy, std::size_t ox,
                      float* y) {
  const float column = static_cast<float>(ox) + 0.5f, row = static_cast<float>(oy) + 0.5f;
  const float u = plus(times(m[0], column), plus(times(m[1], row), m[2]));
  const float v = plus(times(m[3], column), plus(times(m[4], row), m[5]));
  const int width = static_cast<int>(a.w), height = static_cast<int>(a.h);
  const Place across = place(u, width, a.border), down = place(v, height, a.border);
  for (std::size_t k = 0; k < a.c; ++k) {
    auto at = [&](int j, int i) {
      const bool inside = j >= 0 && j < height && i >= 0 && i < width;
      return inside ? static_cast<float>(x[(static_cast<std::size_t>(j) * a.w + i) * a.c + k])
                    : a.value;
    };
    const float top =
        blend(across.fraction, at(down.first, across.first), at(down.first, across.second));
    const float bottom =
        blend(across.fraction, at(down.second, across.first), at(down.second, across.second));
    const float bright = smaller(larger(times(gain, blend(down.fraction, top, bottom)), 0), 255);
    y[k] = plus(times(bright, scale[k]), shift[k]);
  }
}

__global__ void forward(AffineWarpProblem a, const std::uint8_t* x, const float* matrix,
                        const float* gain, const float* scale, const float* shift, float* y) {
  for (std::size_t line = blockIdx.x; line < a.n * a.out_h; line += gridDim.x) {
    const auto [n, oy] = divide(line, a.out_h);
    for (std::size_t ox = threadIdx.x; ox < a.out_w; ox += blockDim.x) {
      pixel(a, x + n * a.h * a.w * a.c, matrix + 6 * n, gain[n], scale, shift, oy, ox,
            y + (line * a.out_w + ox) * a.c);
    }
  }
}

}  // namespace

HILUM_CUDA_ROW(AffineWarpForward, affine_warp_forward_cuda1);
void affine_warp_forward_cuda1(const Launch& on, const AffineWarpProblem& a, const std::uint8_t* x,
                               const float* matrix, const float* gain, const float* scale,
                               const float* shift, float* y) {
  launch<forward>(on, blocks_for(a.n * a.out_h, 1), threads_for_line(a.out_w), 0, a, x, matrix,
                  gain, scale, shift, y);
}

}  // namespace hilum
