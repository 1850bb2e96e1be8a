// channel_affine, CUDA: one thread an element, neighbours in memory by neighbours in a warp. The
// factor and the summand of a channel come from the first cache. Bound by memory: 8 bytes moved an
// element.
#include "kernels/channel_affine/channel_affine.h"
#include "kernels/cuda.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;

__global__ void inference(ChannelAffineProblem a, const float* x, const float* scale,
                          const float* shift, float* y) {
  for (std::size_t i = grid_thread(); i < a.rows * a.c; i += grid_threads()) {
    const auto [m, c] = divide(i, a.c);
    float v = x[m * a.x_pitch + c];
    if (a.scaled) v = v * scale[c] + shift[c];
    y[m * a.y_pitch + c] = activate(a.activation, v);
  }
}

}  // namespace

HILUM_CUDA_ROW(ChannelAffineInference, channel_affine_inference_cuda1);
void channel_affine_inference_cuda1(const Launch& on, const ChannelAffineProblem& a, const float* x,
                                    const float* scale, const float* shift, float* y) {
  launch<inference>(on, blocks_for(a.rows * a.c, block), block, 0, a, x, scale, shift, y);
}

}  // namespace hilum
