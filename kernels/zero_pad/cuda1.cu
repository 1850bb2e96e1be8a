// zero_pad, CUDA: one thread an element that is written, of y forward and of dx backward; a block
// takes a line of pixels, so that a warp reads and writes neighbours. Bound by memory: 8 bytes
// moved an element.
#include "kernels/cuda.h"
#include "kernels/cuda_lines.h"
#include "kernels/zero_pad/zero_pad.h"

namespace hilum {
namespace {

// Unsigned: what lies above or left of the image wraps to a huge number.
__global__ void forward(ZeroPadProblem a, const float* x, float* y) {
  for_each_pixel(a.n, a.p(), a.q(), a.c,
                 [&](std::size_t n, std::size_t p, std::size_t q, std::size_t c, std::size_t i) {
                   const std::size_t h = p - a.top, w = q - a.left;
                   const bool inside = h < a.h && w < a.w;
                   y[i] = inside ? x[((n * a.h + h) * a.w + w) * a.c + c] : 0;
                 });
}

__global__ void backward(ZeroPadProblem a, const float* dy, float* dx) {
  for_each_pixel(a.n, a.h, a.w, a.c,
                 [&](std::size_t n, std::size_t h, std::size_t w, std::size_t c, std::size_t i) {
                   dx[i] = dy[((n * a.p() + a.top + h) * a.q() + a.left + w) * a.c + c];
                 });
}

}  // namespace

HILUM_CUDA_ROW(ZeroPadForward, zero_pad_forward_cuda1);
void zero_pad_forward_cuda1(const Launch& on, const ZeroPadProblem& a, const float* x, float* y) {
  launch<forward>(on, blocks_for(a.n * a.p(), 1), threads_for_line(a.q() * a.c), 0, a, x, y);
}

HILUM_CUDA_ROW(ZeroPadBackward, zero_pad_backward_cuda1);
void zero_pad_backward_cuda1(const Launch& on, const ZeroPadProblem& a, const float* dy,
                             float* dx) {
  launch<backward>(on, blocks_for(a.n * a.h, 1), threads_for_line(a.w * a.c), 0, a, dy, dx);
}

}  // namespace hilum
