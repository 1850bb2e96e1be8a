// conv2d, CUDA 2, tile: a block brings what it needs to shared memory once and reads it from there
// many times.
//
// Idea: a block of 256 threads computes 8 x 8 pixels of 32 filters. 8 channels at a time, it copies
// the patch of x that these pixels read, and the taps of its filters; then every thread adds up one
// filter for a row of 8 pixels. Of each x in the patch, R*S*32 multiply-adds are made, of each tap
// 64, where cuda1 loads both for one.
//
// Since cuda1: loads from memory fall by 30 and more, and the filters are read along C, eight side
// by side, not 32 places apart. The eight sums of a thread are independent: the adder never waits.
//
// Bounds: loads from shared memory. A thread reads one tap (32 lanes, 32 neighbours: one access)
// and eight x (all lanes the same: one access each) for eight multiply-adds, 9 accesses for 8, and
// a multiprocessor has one access a clock where it has four warps of multiply-adds: 22 % of the
// roof at most. (Compiler, sm_90: 64 registers, four blocks.) cuda3 cures that with a tile of 8 x 8
// in registers.
#include "kernels/conv2d/cuda2_tile.h"
#include "kernels/cuda.h"

namespace hilum {
namespace {

// The patch (rows, columns, 8 channels) of one image from pixel (h0, w0) on, zeros outside of it.
__device__ void load_patch(const Conv2dProblem& a, const Conv2dPatch& t, const float* image, int h0,
                           int w0, std::size_t c0, float* patch) {
  constexpr int channels = Conv2dPatch::channels;
  for (int i = static_cast<int>(threadIdx.x); i < t.rows * t.columns * channels;
       i += Conv2dPatch::threads) {
    const std::size_t c = c0 + static_cast<std::size_t>(i % channels);
    const int h = h0 + i / channels / t.columns, w = w0 + i / channels % t.columns;
    const bool inside =
        h >= 0 && w >= 0 && h < static_cast<int>(a.h) && w < static_cast<int>(a.w) && c < a.c;
    patch[i] =
        inside ? image[(static_cast<std::size_t>(h) * a.w + static_cast<std::size_t>(w)) * a.c + c]
               : 0;
  }
}

// The taps of 32 filters and 8 channels, as (tap, channel, filter): lanes are filters. A row is 33
// long, so that writing eight channels of a filter goes to eight banks.
__device__ void load_taps(const Conv2dProblem& a, const float* w, std::size_t k0, std::size_t c0,
                          float* taps) {
  constexpr int channels = Conv2dPatch::channels, filters = Conv2dPatch::filters;
  const int count = static_cast<int>(a.r * a.s);
  for (int i = static_cast<int>(threadIdx.x); i < count * channels * filters;
       i += Conv2dPatch::threads) {
    const int lane = i % channels, tap = i / channels % count, filter = i / channels / count;
    const std::size_t k = k0 + static_cast<std::size_t>(filter),
                      c = c0 + static_cast<std::size_t>(lane);
    taps[(tap * channels + lane) * Conv2dPatch::filter_row + filter] =
        k < a.k && c < a.c
            ? w[(k * static_cast<std::size_t>(count) + static_cast<std::size_t>(tap)) * a.c + c]
            : 0;
  }
}

// blockIdx.x: tile of the image, columns first; y: 32 filters; z: image.
__global__ void __launch_bounds__(Conv2dPatch::threads)
    forward(Conv2dProblem a, Conv2dPatch t, const float* x, const float* w, float* y) {
  constexpr int side = Conv2dPatch::side, channels = Conv2dPatch::channels;
  float* patch = dynamic_shared<float>();               // (rows, columns, 8)
  float* taps = patch + t.rows * t.columns * channels;  // (R, S, 8, 33)
  const int p0 = static_cast<int>(blockIdx.x) / t.tiles_w * side;
  const int q0 = static_cast<int>(blockIdx.x) % t.tiles_w * side;
  const std::size_t k0 = blockIdx.y * Conv2dPatch::filters;
  const int filter = static_cast<int>(threadIdx.x) % 32, row = static_cast<int>(threadIdx.x) / 32;
  const int stride_h = static_cast<int>(a.stride_h), stride_w = static_cast<int>(a.stride_w);
  float sum[side] = {};  // of one filter, 8 pixels of row p0 + row

  for (std::size_t c0 = 0; c0 < a.c; c0 += channels) {
    load_patch(a, t, x + blockIdx.z * a.h * a.w * a.c, p0 * stride_h - static_cast<int>(a.pad_h),
               q0 * stride_w - static_cast<int>(a.pad_w), c0, patch);
    load_taps(a, w, k0, c0, taps);
    __syncthreads();  // the patch is there
    const float* tap = taps + filter;
    for (int r = 0; r < static_cast<int>(a.r); ++r) {
      for (int s = 0; s < static_cast<int>(a.s); ++s) {
        const float* pixel =
            patch + ((row * stride_h + r * static_cast<int>(a.dilation_h)) * t.columns +
                     s * static_cast<int>(a.dilation_w)) *
                        channels;
        for (int c = 0; c < channels; ++c, tap += Conv2dPatch::filter_row) {
#pragma unroll
          for (int i = 0; i < side; ++i) sum[i] += pixel[i * stride_w * channels + c] * *tap;
        }
      }
    }
    __syncthreads();  // and may be overwritten
  }

  const std::size_t k = k0 + static_cast<std::size_t>(filter),
                    p = static_cast<std::size_t>(p0 + row);
  if (k >= a.k || p >= t.p) return;
  for (int i = 0; i < side; ++i) {
    const std::size_t q = static_cast<std::size_t>(q0 + i);
    if (q < t.q) y[((blockIdx.z * t.p + p) * t.q + q) * a.k + k] = sum[i];
  }
}

}  // namespace

HILUM_CUDA_ROW(Conv2dForward, conv2d_forward_cuda2_tile);
void conv2d_forward_cuda2_tile(const Launch& on, const Conv2dProblem& a, const float* x,
                               const float* w, float* y) {
  const Conv2dPatch t(a);
  constexpr std::size_t side = Conv2dPatch::side, filters = Conv2dPatch::filters;
  // The grid's third dimension ends at 65535: more images go in further launches.
  for (std::size_t n = 0; n < a.n; n += 65535) {
    const dim3 grid(
        static_cast<unsigned>((t.p + side - 1) / side) * static_cast<unsigned>(t.tiles_w),
        static_cast<unsigned>((a.k + filters - 1) / filters),
        static_cast<unsigned>(a.n - n < 65535 ? a.n - n : 65535));
    launch<forward>(on, grid, Conv2dPatch::threads, t.shared_bytes, a, t, x + n * a.h * a.w * a.c,
                    w, y + n * t.p * t.q * a.k);
  }
}

}  // namespace hilum
