// conv2d, CUDA 1, naive: one thread a result, the formula of conv2d.h as it stands, for every
// problem: any stride, dilation, group.
//
// Idea: a GPU has room for some 200 000 threads at once, and a convolution has more results than
// that. Neighbours in a warp are neighbours in memory of the result: 32 filters of one pixel (32
// channels, of one pixel or tap, for the gradients). No thread needs another.
//
// Bounds: loads. A multiply-add takes two of them, where the processor could do 64 a clock for one
// load of 32 lanes. Forward, all lanes read one x (one transaction, handed to all), but 32 filters
// R*S*C apart: 32 transactions for 32 numbers. backward_weight has only K*R*S*C threads, each with
// a sum as long as there are pixels: 32 filters of 3x3 gray taps leave most of the GPU idle.
#include "kernels/conv2d/epilogue.h"
#include "kernels/conv2d/inference.h"
#include "kernels/cuda.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;

// Sizes that would otherwise be worked out by every thread.
struct Sizes {
  Conv2dProblem a;
  std::size_t p, q, group_c, group_k;
  explicit Sizes(const Conv2dProblem& problem)
      : a(problem), p(a.p()), q(a.q()), group_c(a.c / a.groups), group_k(a.k / a.groups) {}
};

// One thread a y[n,p,q,k]; the pixels of y are `pitch` apart. Unsigned: a row above the image wraps
// to a huge number.
__global__ void forward(Sizes z, Epilogue ending, std::size_t pitch, const float* x, const float* w,
                        float* y) {
  const Conv2dProblem& a = z.a;
  for (std::size_t i = grid_thread(); i < a.n * z.p * z.q * a.k; i += grid_threads()) {
    const std::size_t k = i % a.k, q = i / a.k % z.q, p = i / a.k / z.q % z.p,
                      n = i / a.k / z.q / z.p;
    float sum = 0;
    for (std::size_t r = 0; r < a.r; ++r) {
      for (std::size_t s = 0; s < a.s; ++s) {
        const std::size_t h = p * a.stride_h + r * a.dilation_h - a.pad_h;
        const std::size_t v = q * a.stride_w + s * a.dilation_w - a.pad_w;
        if (h >= a.h || v >= a.w) continue;
        const float* pixel = x + ((n * a.h + h) * a.w + v) * a.c + k / z.group_k * z.group_c;
        const float* tap = w + ((k * a.r + r) * a.s + s) * z.group_c;
        for (std::size_t c = 0; c < z.group_c; ++c) sum += pixel[c] * tap[c];
      }
    }
    y[i / a.k * pitch + k] = finish(ending, sum, k, i / a.k, a.k);
  }
}

// One thread a dx[n,h,w,c]: the taps that read this pixel, from the pixels of y that they are for.
__global__ void backward_data(Sizes z, const float* w, const float* dy, float* dx) {
  const Conv2dProblem& a = z.a;
  for (std::size_t i = grid_thread(); i < a.n * a.h * a.w * a.c; i += grid_threads()) {
    const std::size_t c = i % a.c, v = i / a.c % a.w, h = i / a.c / a.w % a.h,
                      n = i / a.c / a.w / a.h;
    const std::size_t k0 = c / z.group_c * z.group_k;
    float sum = 0;
    for (std::size_t r = 0; r < a.r; ++r) {
      for (std::size_t s = 0; s < a.s; ++s) {
        const std::size_t up = h + a.pad_h - r * a.dilation_h,
                          left = v + a.pad_w - s * a.dilation_w;
        const std::size_t p = up / a.stride_h, q = left / a.stride_w;
        if (p >= z.p || q >= z.q || p * a.stride_h != up || q * a.stride_w != left) continue;
        const float* pixel = dy + ((n * z.p + p) * z.q + q) * a.k;
        for (std::size_t k = k0; k < k0 + z.group_k; ++k) {
          sum += pixel[k] * w[((k * a.r + r) * a.s + s) * z.group_c + c % z.group_c];
        }
      }
    }
    dx[i] = sum;
  }
}

// One thread a dw[k,r,s,c]: a sum over all pixels of y.
__global__ void backward_weight(Sizes z, const float* x, const float* dy, float* dw) {
  const Conv2dProblem& a = z.a;
  for (std::size_t i = grid_thread(); i < a.k * a.r * a.s * z.group_c; i += grid_threads()) {
    const std::size_t c = i % z.group_c, s = i / z.group_c % a.s, r = i / z.group_c / a.s % a.r,
                      k = i / z.group_c / a.s / a.r;
    float sum = 0;
    for (std::size_t n = 0; n < a.n; ++n) {
      for (std::size_t p = 0; p < z.p; ++p) {
        const std::size_t h = p * a.stride_h + r * a.dilation_h - a.pad_h;
        if (h >= a.h) continue;
        for (std::size_t q = 0; q < z.q; ++q) {
          const std::size_t v = q * a.stride_w + s * a.dilation_w - a.pad_w;
          if (v >= a.w) continue;
          sum += dy[((n * z.p + p) * z.q + q) * a.k + k] *
                 x[((n * a.h + h) * a.w + v) * a.c + k / z.group_k * z.group_c + c];
        }
      }
    }
    dw[i] = sum;
  }
}

}  // namespace

HILUM_CUDA_ROW(Conv2dForward, conv2d_forward_cuda1_naive);
void conv2d_forward_cuda1_naive(const Launch& on, const Conv2dProblem& a, const float* x,
                                const float* w, float* y) {
  launch<forward>(on, blocks_for(a.y_count(), block), block, 0, Sizes(a), Epilogue{}, a.k, x, w, y);
}

HILUM_CUDA_ROW(Conv2dInference, conv2d_inference_cuda1_naive);
void conv2d_inference_cuda1_naive(const Launch& on, const Conv2dInferenceProblem& a, const float* x,
                                  const float* w, const float* bias, const float* residual,
                                  float* y) {
  launch<forward>(on, blocks_for(a.conv.y_count(), block), block, 0, Sizes(a.conv),
                  Epilogue{bias, residual, a.activation}, a.pitch, x, w, y);
}

HILUM_CUDA_ROW(Conv2dBackwardData, conv2d_backward_data_cuda1_naive);
void conv2d_backward_data_cuda1_naive(const Launch& on, const Conv2dProblem& a, const float* w,
                                      const float* dy, float* dx) {
  launch<backward_data>(on, blocks_for(a.x_count(), block), block, 0, Sizes(a), w, dy, dx);
}

HILUM_CUDA_ROW(Conv2dBackwardWeight, conv2d_backward_weight_cuda1_naive);
void conv2d_backward_weight_cuda1_naive(const Launch& on, const Conv2dProblem& a, const float* x,
                                        const float* dy, float* dw) {
  launch<backward_weight>(on, blocks_for(a.w_count(), block), block, 0, Sizes(a), x, dy, dw);
}

}  // namespace hilum
