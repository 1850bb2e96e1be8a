// sgd, CUDA: one thread a weight. Bound by memory: 12 bytes moved a weight, 20 with momentum.
#include "kernels/cuda.h"
#include "kernels/sgd/sgd.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;

__global__ void step(std::size_t count, float lr, float momentum, bool nesterov, float weight_decay,
                     const float* w, const float* g, const float* v, float* w_out, float* v_out) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    const float gradient = g[i] + weight_decay * w[i];
    float along = gradient;
    if (v_out != nullptr) {
      const float velocity = momentum * v[i] + gradient;
      v_out[i] = velocity;
      along = nesterov ? gradient + momentum * velocity : velocity;
    }
    w_out[i] = w[i] - lr * along;
  }
}

}  // namespace

HILUM_CUDA_ROW(SgdStep, sgd_step_cuda1);
void sgd_step_cuda1(const Launch& on, const SgdProblem& a, const float* w, const float* g,
                    const float* v, float* w_out, float* v_out) {
  launch<step>(on, blocks_for(a.count, block), block, 0, a.count, static_cast<float>(a.lr),
               static_cast<float>(a.momentum), a.nesterov, static_cast<float>(a.weight_decay), w, g,
               a.momentum != 0 ? v : nullptr, w_out, a.momentum != 0 ? v_out : nullptr);
}

}  // namespace hilum
