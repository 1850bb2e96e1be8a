// max_pool, CUDA: one thread an output element forward, one thread an input element backward.
//
// Backward turns the question round: a pixel asks each window that covers it whether the maximum is
// here, so every element of dx is written once, by one thread, in the reference's order of terms.
// There are no atomics and nothing to clear; the price is that a window's maximum is found again by
// each of its pixels, from the first cache.
//
// Bound by: memory. Forward reads x and writes a quarter of it (2x2); backward reads x and dy and
// writes dx.
#include "kernels/cuda.h"
#include "kernels/cuda_pool.h"
#include "kernels/max_pool/max_pool.h"

namespace hilum {
namespace {

struct Maximum {
  float value;
  std::size_t pixel;  // h * W + w
};

// The first of the largest, a NaN wins; x points at the channel of the image's first pixel.
__device__ Maximum maximum(const MaxPoolProblem& a, const float* x, const CoveredPixels& pixels) {
  const std::size_t first = pixels.rows.begin * a.w + pixels.columns.begin;
  Maximum best = {x[first * a.c], first};
  for_each_in(pixels, [&](std::size_t h, std::size_t w) {
    const float v = x[(h * a.w + w) * a.c];
    if (v > best.value || v != v) best = {v, h * a.w + w};
  });
  return best;
}

__global__ void forward(MaxPoolProblem a, const float* x, float* y) {
  for_each_pixel(a.n, a.p(), a.q(), a.c,
                 [&](std::size_t n, std::size_t p, std::size_t q, std::size_t c, std::size_t i) {
                   y[i] = maximum(a, x + n * a.h * a.w * a.c + c, pixels_of(a, p, q)).value;
                 });
}

__global__ void backward(MaxPoolProblem a, const float* x, const float* dy, float* dx) {
  for_each_pixel(a.n, a.h, a.w, a.c,
                 [&](std::size_t n, std::size_t h, std::size_t w, std::size_t c, std::size_t i) {
                   const float* image = x + n * a.h * a.w * a.c + c;
                   float sum = 0;
                   for_each_window_over(a, h, w, [&](std::size_t p, std::size_t q) {
                     if (maximum(a, image, pixels_of(a, p, q)).pixel == h * a.w + w) {
                       sum += dy[((n * a.p() + p) * a.q() + q) * a.c + c];
                     }
                   });
                   dx[i] = sum;
                 });
}

}  // namespace

HILUM_CUDA_ROW(MaxPoolForward, max_pool_forward_cuda1);
void max_pool_forward_cuda1(const Launch& on, const MaxPoolProblem& a, const float* x, float* y) {
  launch<forward>(on, blocks_for(a.n * a.p(), 1), threads_for_line(a.q() * a.c), 0, a, x, y);
}

HILUM_CUDA_ROW(MaxPoolBackward, max_pool_backward_cuda1);
void max_pool_backward_cuda1(const Launch& on, const MaxPoolProblem& a, const float* x,
                             const float* dy, float* dx) {
  launch<backward>(on, blocks_for(a.n * a.h, 1), threads_for_line(a.w * a.c), 0, a, x, dy, dx);
}

}  // namespace hilum
