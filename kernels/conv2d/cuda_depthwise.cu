// conv2d, CUDA, depthwise: one channel and one filter a group, so no sum runs over channels, and no
// product of matrices helps. Forward, inference, both gradients.
//
// Idea: a warp is 32 channels side by side, so each access to x, y or dy is one line of memory. The
// taps of those channels lie in shared memory, channel last: without that, 32 lanes would read 32
// places R*S apart. A thread computes four results of a row, so a tap is read once for four. For dw
// a thread keeps nine taps' sums in registers while every eighth row of y passes by; the eight
// threads of a channel are added in shared memory, and a second kernel adds the blocks, in order.
//
// Since cuda1: no indices worked out for every multiply-add (it spends ten instructions on each),
// taps from shared memory, and for dw as many blocks as the GPU can use, not K*R*S threads.
//
// Bounds: for 3x3 a result is 18 flop and 8 bytes, and the nine reads of x meet in the first cache:
// memory, could the loop keep up. From the compiler (sm_90) it spends 13 instructions a
// multiply-add on edges and places, which is some 60 % of what 3.35 TB/s would take.
#include "kernels/conv2d/cuda3_operands.h"
#include "kernels/conv2d/cuda_depthwise.h"
#include "kernels/conv2d/epilogue.h"
#include "kernels/conv2d/inference.h"

namespace hilum {
namespace {

constexpr int wide = Conv2dDepthwise::channels, high = Conv2dDepthwise::strips;
constexpr int at_once = Conv2dDepthwise::taps;
constexpr int run = 4;  // results of a thread
constexpr int far_outside = -(1 << 30);

// A correlation of `out` rows and columns: result (p, q) is the sum over its taps of filter tap
// (i, j) times input pixel (p * step_h + start_h + i * far_h, ...) / apart_h, where that is whole
// and inside. Forward apart is 1; backward_data, of dy, has the stride there and walks against the
// taps.
struct Walk {
  int in_h, in_w, out_h, out_w, taps_h, taps_w;
  int step_h, step_w, start_h, start_w, far_h, far_w, apart_h, apart_w;
  FastDivide by_apart_h, by_apart_w;
  std::size_t n;
  int channels;

  static Walk forward(const Conv2dProblem& a) {
    auto i = [](std::size_t v) { return static_cast<int>(v); };
    return {i(a.h),      i(a.w),      i(a.p()),        i(a.q()),
            i(a.r),      i(a.s),      i(a.stride_h),   i(a.stride_w),
            -i(a.pad_h), -i(a.pad_w), i(a.dilation_h), i(a.dilation_w),
            1,           1,           FastDivide(1),   FastDivide(1),
            a.n,         i(a.c)};
  }
  static Walk backward(const Conv2dProblem& a) {
    auto i = [](std::size_t v) { return static_cast<int>(v); };
    return {i(a.p()),
            i(a.q()),
            i(a.h),
            i(a.w),
            i(a.r),
            i(a.s),
            1,
            1,
            i(a.pad_h),
            i(a.pad_w),
            -i(a.dilation_h),
            -i(a.dilation_w),
            i(a.stride_h),
            i(a.stride_w),
            FastDivide(i(a.stride_h)),
            FastDivide(i(a.stride_w)),
            a.n,
            i(a.c)};
  }
};

// Does `start` along one axis meet an input, and which?
template <bool spread>
__device__ __forceinline__ bool meets(int start, int apart, const FastDivide& by_apart, int in,
                                      int& at) {
  if constexpr (!spread) {
    at = start;
    return static_cast<unsigned>(start) < static_cast<unsigned>(in);
  }
  at = by_apart(start < 0 ? 0 : start);
  return start >= 0 && at < in && at * apart == start;
}

// Taps (channel of the block, tap) of w to shared memory, channel last.
__device__ void load_taps(const float* w, int taps, int first, int channels, float* to) {
  for (int i = static_cast<int>(threadIdx.x); i < taps * wide; i += wide * high) {
    const int channel = first + i / taps;
    to[i % taps * wide + i / taps] =
        channel < channels ? w[first * static_cast<std::ptrdiff_t>(taps) + i] : 0;
  }
  __syncthreads();
}

// blockIdx.x: 32 channels; y: strips of four results in a row, eight at a time. `spread`: apart is
// more than 1.
template <bool spread>
__global__ void __launch_bounds__(wide* high)
    correlate(Walk z, Epilogue ending, std::size_t pitch, const float* in, const float* w,
              float* out) {
  float* const taps = dynamic_shared<float>();  // (R * S, 32)
  const int lane = static_cast<int>(threadIdx.x) % wide,
            first = static_cast<int>(blockIdx.x) * wide;
  const int channel = first + lane;
  load_taps(w, z.taps_h * z.taps_w, first, z.channels, taps);
  if (channel >= z.channels) return;
  const std::size_t across = static_cast<std::size_t>((z.out_w + run - 1) / run);
  const std::size_t strips = z.n * static_cast<std::size_t>(z.out_h) * across;
  for (std::size_t strip = blockIdx.y * static_cast<std::size_t>(high) + threadIdx.x / wide;
       strip < strips; strip += static_cast<std::size_t>(gridDim.y) * high) {
    const auto [row, column] = divide(strip, across);
    const auto [image, p] = divide(row, static_cast<std::size_t>(z.out_h));
    const int q0 = static_cast<int>(column) * run;
    const float* from = in +
                        image * static_cast<std::size_t>(z.in_h) *
                            static_cast<std::size_t>(z.in_w) *
                            static_cast<std::size_t>(z.channels) +
                        channel;
    float sum[run] = {};
    for (int i = 0; i < z.taps_h; ++i) {
      int h, v;
      if (!meets<spread>(static_cast<int>(p) * z.step_h + z.start_h + i * z.far_h, z.apart_h,
                         z.by_apart_h, z.in_h, h)) {
        continue;
      }
      const float* const line = from + static_cast<std::ptrdiff_t>(h) * z.in_w * z.channels;
      int first_column = q0 * z.step_w + z.start_w;
      for (int j = 0; j < z.taps_w; ++j, first_column += z.far_w) {
        const float tap = taps[(i * z.taps_w + j) * wide + lane];
#pragma unroll
        for (int e = 0; e < run; ++e) {
          if (meets<spread>(first_column + e * z.step_w, z.apart_w, z.by_apart_w, z.in_w, v)) {
            sum[e] += line[v * z.channels] * tap;
          }
        }
      }
    }
#pragma unroll
    for (int e = 0; e < run; ++e) {
      if (q0 + e >= z.out_w) break;
      const std::size_t pixel =
          row * static_cast<std::size_t>(z.out_w) + static_cast<std::size_t>(q0 + e);
      out[pixel * pitch + static_cast<std::size_t>(channel)] =
          finish(ending, sum[e], static_cast<std::size_t>(channel), pixel,
                 static_cast<std::size_t>(z.channels));
    }
  }
}

// blockIdx.x: 32 channels; y: nine taps; z: the part of all rows of y. To sums (part, K, R * S).
__global__ void __launch_bounds__(wide* high)
    weight(Walk z, const float* x, const float* dy, float* sums) {
  __shared__ float of_row[high][at_once][wide];
  const int lane = static_cast<int>(threadIdx.x) % wide,
            high_row = static_cast<int>(threadIdx.x) / wide;
  const int channel = static_cast<int>(blockIdx.x) * wide + lane, taps = z.taps_h * z.taps_w;
  const int first_tap = static_cast<int>(blockIdx.y) * at_once;
  float sum[at_once] = {};
  const std::size_t rows = z.n * static_cast<std::size_t>(z.out_h), parts = gridDim.z;
  const std::size_t begin = rows * blockIdx.z / parts, end = rows * (blockIdx.z + 1) / parts;
  for (std::size_t row = begin + static_cast<std::size_t>(high_row);
       row < end && channel < z.channels; row += high) {
    const auto [image, p] = divide(row, static_cast<std::size_t>(z.out_h));
    const float* from = x +
                        image * static_cast<std::size_t>(z.in_h) *
                            static_cast<std::size_t>(z.in_w) *
                            static_cast<std::size_t>(z.channels) +
                        channel;
    const float* gradient =
        dy + row * static_cast<std::size_t>(z.out_w) * static_cast<std::size_t>(z.channels) +
        channel;
    int line[at_once],
        left[at_once];  // where each tap reads: the line's first pixel, or -1; the column at q = 0
#pragma unroll
    for (int e = 0; e < at_once; ++e) {
      const int tap = first_tap + e, i = tap / z.taps_w;
      const int h = static_cast<int>(p) * z.step_h + z.start_h + i * z.far_h;
      const bool inside = tap < taps && static_cast<unsigned>(h) < static_cast<unsigned>(z.in_h);
      line[e] = h * z.in_w;
      left[e] = inside ? z.start_w + (tap - i * z.taps_w) * z.far_w : far_outside;
    }
    for (int q = 0; q < z.out_w; ++q) {
      const float g = gradient[q * z.channels];
#pragma unroll
      for (int e = 0; e < at_once; ++e) {
        const int v = q * z.step_w + left[e];
        if (static_cast<unsigned>(v) < static_cast<unsigned>(z.in_w)) {
          sum[e] += g * from[(line[e] + v) * z.channels];
        }
      }
    }
  }
  for (int e = 0; e < at_once; ++e) of_row[high_row][e][lane] = sum[e];
  __syncthreads();
  for (int e = high_row; e < at_once && first_tap + e < taps; e += high) {
    if (channel >= z.channels) break;
    float all = 0;
    for (int i = 0; i < high; ++i) all += of_row[i][e][lane];
    sums[(static_cast<std::size_t>(blockIdx.z) * static_cast<std::size_t>(z.channels) +
          static_cast<std::size_t>(channel)) *
             static_cast<std::size_t>(taps) +
         static_cast<std::size_t>(first_tap + e)] = all;
  }
}

__global__ void add_parts(std::size_t count, std::size_t parts, const float* sums, float* dw) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    float sum = 0;
    for (std::size_t part = 0; part < parts; ++part) sum += sums[part * count + i];
    dw[i] = sum;
  }
}

void start(const Launch& on, const Conv2dProblem& a, const Walk& z, const Epilogue& ending,
           std::size_t pitch, const float* in, const float* w, float* out) {
  const std::size_t strips =
      z.n * static_cast<std::size_t>(z.out_h) * tiles(std::size_t(z.out_w), run);
  const dim3 grid(static_cast<unsigned>(tiles(a.k, wide)), blocks_for(strips, high));
  if (z.apart_h == 1 && z.apart_w == 1) {
    launch<correlate<false>>(on, grid, wide * high, Conv2dDepthwise::shared_bytes(a), z, ending,
                             pitch, in, w, out);
  } else {
    launch<correlate<true>>(on, grid, wide * high, Conv2dDepthwise::shared_bytes(a), z, ending,
                            pitch, in, w, out);
  }
}

}  // namespace

HILUM_CUDA_ROW(Conv2dForward, conv2d_forward_cuda_depthwise);
void conv2d_forward_cuda_depthwise(const Launch& on, const Conv2dProblem& a, const float* x,
                                   const float* w, float* y) {
  start(on, a, Walk::forward(a), {}, a.k, x, w, y);
}

HILUM_CUDA_ROW(Conv2dInference, conv2d_inference_cuda_depthwise);
void conv2d_inference_cuda_depthwise(const Launch& on, const Conv2dInferenceProblem& a,
                                     const float* x, const float* w, const float* bias,
                                     const float* residual, float* y) {
  start(on, a.conv, Walk::forward(a.conv), {bias, residual, a.activation}, a.pitch, x, w, y);
}

HILUM_CUDA_ROW(Conv2dBackwardData, conv2d_backward_data_cuda_depthwise);
void conv2d_backward_data_cuda_depthwise(const Launch& on, const Conv2dProblem& a, const float* w,
                                         const float* dy, float* dx) {
  start(on, a, Walk::backward(a), {}, a.c, dy, w, dx);
}

HILUM_CUDA_ROW(Conv2dBackwardWeight, conv2d_backward_weight_cuda_depthwise);
void conv2d_backward_weight_cuda_depthwise(const Launch& on, const Conv2dProblem& a, const float* x,
                                           const float* dy, float* dw) {
  float* const sums = static_cast<float*>(on.workspace);
  const std::size_t parts = Conv2dDepthwise::parts(a), taps = a.r * a.s;
  launch<weight>(on,
                 dim3(static_cast<unsigned>(tiles(a.k, wide)),
                      static_cast<unsigned>(tiles(taps, at_once)), static_cast<unsigned>(parts)),
                 wide * high, 0, Walk::forward(a), x, dy, sums);
  launch<add_parts>(on, blocks_for(a.w_count(), 256), 256, 0, a.w_count(), parts, sums, dw);
}

}  // namespace hilum
