// relu_max_pool, CUDA: one thread an output element forward, one thread an input element backward.
//
// Idea: as max_pool's cuda1, with 0 as one more candidate of every window, so that nothing is ever
// written between the ReLU and the maximum. Backward has no maximum to find again: a pixel asks the
// windows that cover it for their byte, and adds dy of those that name its place. Every element of
// dx is written once, by one thread, in one order; there are no atomics and nothing to clear.
//
// Bound by: memory. With 2x2 windows forward reads x and writes 5 bytes for 16 of it; backward
// reads those and writes dx, where ReLU and max_pool apart would move three times as much.
#include "kernels/cuda.h"
#include "kernels/cuda_pool.h"
#include "kernels/relu_max_pool/relu_max_pool.h"

namespace hilum {
namespace {

__global__ void forward(ReluMaxPoolProblem a, const float* x, float* y, std::uint8_t* index) {
  for_each_pixel(a.n, a.p(), a.q(), a.c,
                 [&](std::size_t n, std::size_t p, std::size_t q, std::size_t c, std::size_t i) {
                   float best = 0;
                   std::size_t place = a.r * a.s;  // none
                   for_each_in(pixels_of(a, p, q), [&](std::size_t h, std::size_t w) {
                     const float v = x[((n * a.h + h) * a.w + w) * a.c + c];
                     if (!(v > best) && v == v) return;
                     best = v;
                     place = (h + a.pad_h - p * a.stride_h) * a.s + (w + a.pad_w - q * a.stride_w);
                   });
                   y[i] = best;
                   index[i] = static_cast<std::uint8_t>(place);
                 });
}

__global__ void backward(ReluMaxPoolProblem a, const std::uint8_t* index, const float* dy,
                         float* dx) {
  for_each_pixel(a.n, a.h, a.w, a.c,
                 [&](std::size_t n, std::size_t h, std::size_t w, std::size_t c, std::size_t i) {
                   float sum = 0;
                   for_each_window_over(a, h, w, [&](std::size_t p, std::size_t q) {
                     const std::size_t r = h + a.pad_h - p * a.stride_h,
                                       s = w + a.pad_w - q * a.stride_w;
                     const std::size_t out = ((n * a.p() + p) * a.q() + q) * a.c + c;
                     if (index[out] == r * a.s + s) sum += dy[out];
                   });
                   dx[i] = sum;
                 });
}

}  // namespace

HILUM_CUDA_ROW(ReluMaxPoolForward, relu_max_pool_forward_cuda1);
void relu_max_pool_forward_cuda1(const Launch& on, const ReluMaxPoolProblem& a, const float* x,
                                 float* y, std::uint8_t* index) {
  launch<forward>(on, blocks_for(a.n * a.p(), 1), threads_for_line(a.q() * a.c), 0, a, x, y, index);
}

HILUM_CUDA_ROW(ReluMaxPoolBackward, relu_max_pool_backward_cuda1);
void relu_max_pool_backward_cuda1(const Launch& on, const ReluMaxPoolProblem& a,
                                  const std::uint8_t* index, const float* dy, float* dx) {
  launch<backward>(on, blocks_for(a.n * a.h, 1), threads_for_line(a.w * a.c), 0, a, index, dy, dx);
}

}  // namespace hilum
