// max_pool, cuDNN: the yardstick on a GPU. Its backward pass reads y, which ours does not hand
// over, so it is computed again into the workspace.
#include "kernels/cudnn_pool.h"
#include "kernels/max_pool/max_pool.h"

using namespace hilum;

namespace {
const cudnn::PoolPlan& plan_for(const MaxPoolProblem& a) {
  return cudnn::pool_plan(a, CUDNN_POOLING_MAX_DETERMINISTIC);
}
}  // namespace

HILUM_EXPORT void max_pool_forward_cudnn(const Launch& on, const MaxPoolProblem& a, const float* x,
                                         float* y) {
  cudnn::pool_forward(on, plan_for(a), x, y);
}
HILUM_EXPORT const char* max_pool_forward_cudnn_why_not(const MaxPoolProblem& a) {
  return cudnn::pool_why_not(a);
}

HILUM_EXPORT void max_pool_backward_cudnn(const Launch& on, const MaxPoolProblem& a, const float* x,
                                          const float* dy, float* dx) {
  float* y = static_cast<float*>(on.workspace);
  cudnn::pool_forward(on, plan_for(a), x, y);
  cudnn::pool_backward(on, plan_for(a), x, y, dy, dx);
}
HILUM_EXPORT const char* max_pool_backward_cudnn_why_not(const MaxPoolProblem& a) {
  return cudnn::pool_why_not(a);
}
HILUM_EXPORT std::size_t max_pool_backward_cudnn_workspace(const MaxPoolProblem& a) {
  return a.y_count() * sizeof(float);
}
