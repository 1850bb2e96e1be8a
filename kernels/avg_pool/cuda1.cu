// avg_pool, CUDA: one thread an output element forward, one thread an input element backward, which
// adds the shares of the windows that cover it: written once, no atomics, nothing to clear.
//
// Bound by: memory; x and y are moved once (windows that overlap meet in the first cache).
#include "kernels/avg_pool/avg_pool.h"
#include "kernels/cuda.h"
#include "kernels/cuda_pool.h"

namespace hilum {
namespace {

__global__ void forward(AvgPoolProblem a, const float* x, float* y) {
  for_each_pixel(a.n, a.p(), a.q(), a.c,
                 [&](std::size_t n, std::size_t p, std::size_t q, std::size_t c, std::size_t i) {
                   const CoveredPixels pixels = pixels_of(a, p, q);
                   const float* image = x + n * a.h * a.w * a.c + c;
                   float sum = 0;
                   for_each_in(pixels, [&](std::size_t h, std::size_t w) {
                     sum += image[(h * a.w + w) * a.c];
                   });
                   y[i] = sum / static_cast<float>(a.count(pixels.rows, pixels.columns));
                 });
}

__global__ void backward(AvgPoolProblem a, const float* dy, float* dx) {
  for_each_pixel(a.n, a.h, a.w, a.c,
                 [&](std::size_t n, std::size_t h, std::size_t w, std::size_t c, std::size_t i) {
                   float sum = 0;
                   for_each_window_over(a, h, w, [&](std::size_t p, std::size_t q) {
                     const CoveredPixels pixels = pixels_of(a, p, q);
                     sum += dy[((n * a.p() + p) * a.q() + q) * a.c + c] /
                            static_cast<float>(a.count(pixels.rows, pixels.columns));
                   });
                   dx[i] = sum;
                 });
}

}  // namespace

HILUM_CUDA_ROW(AvgPoolForward, avg_pool_forward_cuda1);
void avg_pool_forward_cuda1(const Launch& on, const AvgPoolProblem& a, const float* x, float* y) {
  launch<forward>(on, blocks_for(a.n * a.p(), 1), threads_for_line(a.q() * a.c), 0, a, x, y);
}

HILUM_CUDA_ROW(AvgPoolBackward, avg_pool_backward_cuda1);
void avg_pool_backward_cuda1(const Launch& on, const AvgPoolProblem& a, const float* dy,
                             float* dx) {
  launch<backward>(on, blocks_for(a.n * a.h, 1), threads_for_line(a.w * a.c), 0, a, dy, dx);
}

}  // namespace hilum
