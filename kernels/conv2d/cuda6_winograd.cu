// conv2d, CUDA 6, Winograd F(4x4, 3x3): a quarter of the multiplications. The formula, its letters
// and its accuracy (42 eps) are those of cpu3_winograd.cpp.
//
// Idea: three kernels transform, one multiplies. Tiles of x become V (36, tiles, C), filters U (36,
// K, C), 36 products of cuda3_product.h in one launch give M (36, tiles, K), and the last kernel
// turns each tile of M into 4 x 4 pixels of y. A thread transforms one tile of one channel in
// registers; neighbours are neighbouring channels, so each of its 36 reads and writes is one line a
// warp.
//
// Since cuda4: multiply-adds fall by 4, and memory is moved instead: V and M are 2.25 times x and y
// and are written and read, 44 bytes a pixel and channel in all where cuda4 moves 8. So images go
// through in groups whose V and M fit in half of the L2 cache. (The CPU's row keeps them in the
// first-level cache. On a GPU that means transforms within the product's kernel, and shared memory
// for 36 tiles of everything: the next version, should anyone need it.)
//
// Bounds: what L2 moves, up to some 200 channels; the product beyond. Cuda4 is faster below 50
// channels.
#include "kernels/conv2d/cuda3_product.h"
#include "kernels/conv2d/cuda6_winograd.h"
#include "kernels/conv2d/epilogue.h"
#include "kernels/conv2d/inference.h"

namespace hilum {
namespace {

constexpr unsigned block = 128;

// The transforms in one dimension, in place or to another length, on numbers `step` apart.
// B^T d: 6 -> 6
__device__ __forceinline__ void transform_input(float* d, int step) {
  const float d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step],
              d5 = d[5 * step];
  const float even1 = d4 - 4 * d2, odd1 = d3 - 4 * d1, even2 = d4 - d2, odd2 = 2 * (d3 - d1);
  d[0] = 4 * d0 - 5 * d2 + d4;
  d[step] = even1 + odd1, d[2 * step] = even1 - odd1;
  d[3 * step] = even2 + odd2, d[4 * step] = even2 - odd2;
  d[5 * step] = 4 * d1 - 5 * d3 + d5;
}
// G g: 3 -> 6
__device__ __forceinline__ void transform_filter(const float* g, int step, float* t, int t_step) {
  const float g0 = g[0], g1 = g[step], g2 = g[2 * step];
  const float even1 = (g0 + g2) * (-1.0f / 6), odd1 = g1 * (-1.0f / 6);
  const float even2 = g0 * (1.0f / 24) + g2 * (1.0f / 6), odd2 = g1 * (1.0f / 12);
  t[0] = g0 * 0.25f;
  t[t_step] = even1 + odd1, t[2 * t_step] = even1 - odd1;
  t[3 * t_step] = even2 + odd2, t[4 * t_step] = even2 - odd2;
  t[5 * t_step] = g2;
}
// A^T m: 6 -> 4
__device__ __forceinline__ void transform_output(const float* m, int step, float* t, int t_step) {
  const float m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step],
              m5 = m[5 * step];
  const float even1 = m1 + m2, odd1 = m1 - m2, even2 = m3 + m4, odd2 = m3 - m4;
  t[0] = m0 + even1 + even2, t[t_step] = odd1 + 2 * odd2;
  t[2 * t_step] = even1 + 4 * even2, t[3 * t_step] = odd1 + 8 * odd2 + m5;
}

// What all three kernels need of the shape, worked out once.
struct Tiles {
  WinogradShape a;
  std::size_t images, h, w, channels;  // of the group; tiles of an image; C in whole pieces
  std::size_t count;                   // of the group
  Tiles(const WinogradShape& shape, std::size_t images_)
      : a(shape),
        images(images_),
        h(shape.tiles_h()),
        w(shape.tiles_w()),
        channels(shape.channels()),
        count(images_ * shape.tiles_h() * shape.tiles_w()) {}
};

// One thread a (filter, channel): to U (36, K, C), channels that only padding added are zero.
__global__ void filters_to(Tiles z, const float* w, float* u) {
  const WinogradShape& a = z.a;
  for (std::size_t i = grid_thread(); i < a.k * z.channels; i += grid_threads()) {
    const auto [k, c] = divide(i, z.channels);
    const float* from = w + a.base + static_cast<std::ptrdiff_t>(k) * a.k_step +
                        static_cast<std::ptrdiff_t>(c) * a.c_step;
    float g[9], half[18], t[36];  // (3, 3), (6, 3), (6, 6)
    for (int e = 0; e < 9; ++e) g[e] = c < a.c ? from[e / 3 * a.i_step + e % 3 * a.j_step] : 0;
    for (int j = 0; j < 3; ++j) transform_filter(g + j, 3, half + j, 3);
    for (int j = 0; j < 6; ++j) transform_filter(half + 3 * j, 1, t + 6 * j, 1);
    for (std::size_t e = 0; e < 36; ++e) u[e * a.k * z.channels + i] = t[e];
  }
}

// Which tile of which image, in pixels of the result.
struct Place {
  std::size_t image;
  int h, w;
};
__device__ __forceinline__ Place place_of(const Tiles& z, std::size_t tile) {
  const auto [image, in_image] = divide(tile, z.h * z.w);
  const auto [row, column] = divide(in_image, z.w);
  return {image, static_cast<int>(row) * 4, static_cast<int>(column) * 4};
}

// One thread a (tile, channel): 6 x 6 pixels to V (36, tiles, C).
__global__ void __launch_bounds__(block) input_to(Tiles z, const float* in, float* v) {
  const WinogradShape& a = z.a;
  const int in_h = static_cast<int>(a.in_h), in_w = static_cast<int>(a.in_w),
            pixel = static_cast<int>(a.c), line = in_w * pixel;  // an image has up to 2^30 numbers
  const std::size_t element = z.count * z.channels;
  for (std::size_t i = grid_thread(); i < element; i += grid_threads()) {
    const auto [tile, c] = divide(i, z.channels);
    const Place at = place_of(z, tile);
    const int h0 = at.h - static_cast<int>(a.pad_h), w0 = at.w - static_cast<int>(a.pad_w);
    const float* from = in + (at.image * a.in_h * a.in_w) * a.c + c +
                        static_cast<std::ptrdiff_t>(h0 * in_w + w0) * pixel;
    float d[36];  // (6, 6)
#pragma unroll
    for (int e = 0; e < 36; ++e) {
      const bool inside = static_cast<unsigned>(h0 + e / 6) < static_cast<unsigned>(in_h) &&
                          static_cast<unsigned>(w0 + e % 6) < static_cast<unsigned>(in_w) &&
                          c < a.c;
      d[e] = inside ? from[e / 6 * line + e % 6 * pixel] : 0;
    }
#pragma unroll
    for (int j = 0; j < 6; ++j) transform_input(d + j, 6);
#pragma unroll
    for (int j = 0; j < 6; ++j) transform_input(d + 6 * j, 1);
#pragma unroll
    for (std::size_t e = 0; e < 36; ++e) v[e * element + i] = d[e];
  }
}

// Where results go: to pixels that are `pitch` floats apart, with an ending at inference.
struct Target {
  float* out;
  std::size_t pitch;
  Epilogue ending = {};
};

// One thread a (tile, filter): M (36, tiles, K) to 4 x 4 pixels, as far as the image has them, of
// the images from `first` on.
__global__ void __launch_bounds__(block)
    output_from(Tiles z, const float* m, std::size_t first, Target to) {
  const WinogradShape& a = z.a;
  for (std::size_t i = grid_thread(); i < z.count * a.k; i += grid_threads()) {
    const auto [tile, k] = divide(i, a.k);
    const Place at = place_of(z, tile);
    float d[36], half[24], y[16];  // (6, 6), (4, 6), (4, 4)
#pragma unroll
    for (std::size_t e = 0; e < 36; ++e) d[e] = m[e * z.count * a.k + i];
#pragma unroll
    for (int j = 0; j < 6; ++j) transform_output(d + j, 6, half + j, 6);
#pragma unroll
    for (int j = 0; j < 4; ++j) transform_output(half + 6 * j, 1, y + 4 * j, 1);
#pragma unroll
    for (int e = 0; e < 16; ++e) {
      const int h = at.h + e / 4, w = at.w + e % 4;
      if (h >= static_cast<int>(a.out_h) || w >= static_cast<int>(a.out_w)) continue;
      const std::size_t pixel = (first + at.image) * a.out_h * a.out_w +
                                static_cast<std::size_t>(h * static_cast<int>(a.out_w) + w);
      to.out[pixel * to.pitch + k] = finish(to.ending, y[e], k, pixel, a.k);
    }
  }
}

void run(const Launch& on, const WinogradShape& a, const float* in, const float* w,
         const Target& to) {
  Workspace memory(on);
  float* u = memory.take<float>(a.filter_floats());
  float* v = memory.take<float>(a.in_floats());
  float* m = memory.take<float>(a.out_floats());
  const std::size_t group = a.group(), c = a.channels();
  launch<filters_to>(on, blocks_for(a.k * c, block), block, 0, Tiles(a, group), w, u);
  for (std::size_t n = 0; n < a.n; n += group) {
    const Tiles z(a, std::min(group, a.n - n));
    const auto tiles = static_cast<int>(z.count), k = static_cast<int>(a.k);
    launch<input_to>(on, blocks_for(z.count * c, block), block, 0, z,
                     in + n * a.in_h * a.in_w * a.c, v);
    const Cut cut = cut_product<FloatPlan>(z.count, a.k, c, Sliced::never, WinogradShape::elements);
    FloatProduct<>::start(on, Matrix<float>{v, tiles, c, z.count * c},
                          Matrix<float>{u, k, c, a.k * c}, Matrices{m, tiles, k}, cut,
                          WinogradShape::elements);
    launch<output_from>(on, blocks_for(z.count * a.k, block), block, 0, z, m, n, to);
  }
}

}  // namespace

HILUM_CUDA_ROW(Conv2dForward, conv2d_forward_cuda6_winograd);
void conv2d_forward_cuda6_winograd(const Launch& on, const Conv2dProblem& a, const float* x,
                                   const float* w, float* y) {
  run(on, WinogradShape::forward(a), x, w, {y, a.k});
}

HILUM_CUDA_ROW(Conv2dInference, conv2d_inference_cuda6_winograd);
void conv2d_inference_cuda6_winograd(const Launch& on, const Conv2dInferenceProblem& a,
                                     const float* x, const float* w, const float* bias,
                                     const float* residual, float* y) {
  run(on, WinogradShape::forward(a.conv), x, w, {y, a.pitch, {bias, residual, a.activation}});
}

HILUM_CUDA_ROW(Conv2dBackwardData, conv2d_backward_data_cuda6_winograd);
void conv2d_backward_data_cuda6_winograd(const Launch& on, const Conv2dProblem& a, const float* w,
                                         const float* dy, float* dx) {
  run(on, WinogradShape::backward_data(a), dy, w, {dx, a.c});
}

}  // namespace hilum
