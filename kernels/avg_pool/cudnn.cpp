// avg_pool, cuDNN: the yardstick on a GPU.
#include "kernels/avg_pool/avg_pool.h"
#include "kernels/cudnn_pool.h"

using namespace hilum;

namespace {
const cudnn::PoolPlan& plan_for(const AvgPoolProblem& a) {
  return cudnn::pool_plan(a, a.count_include_pad ? CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING
                                                 : CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING);
}
}  // namespace

HILUM_EXPORT void avg_pool_forward_cudnn(const Launch& on, const AvgPoolProblem& a, const float* x,
                                         float* y) {
  cudnn::pool_forward(on, plan_for(a), x, y);
}
HILUM_EXPORT const char* avg_pool_forward_cudnn_why_not(const AvgPoolProblem& a) {
  return cudnn::pool_why_not(a);
}

HILUM_EXPORT void avg_pool_backward_cudnn(const Launch& on, const AvgPoolProblem& a,
                                          const float* dy, float* dx) {
  cudnn::pool_backward(on, plan_for(a), dx, dy, dy, dx);
}
HILUM_EXPORT const char* avg_pool_backward_cudnn_why_not(const AvgPoolProblem& a) {
  return cudnn::pool_why_not(a);
}
