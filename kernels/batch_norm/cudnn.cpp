// batch_norm, cuDNN: the yardstick on a GPU. Our matrix of rows x C is to it `rows` images of one
// pixel.
#include "kernels/cudnn.h"

#include <cuda_runtime.h>

#include "kernels/batch_norm/batch_norm.h"

namespace hilum {
namespace {

using namespace cudnn;

struct Plan {
  TensorDescriptor x, channels;
};

const Plan& plan_for(const BatchNormProblem& a) {
  return cached<Plan>({a.rows, a.c}, [&] {
    auto made = std::make_unique<Plan>();
    set_nhwc(made->x, CUDNN_DATA_FLOAT, a.rows, 1, 1, a.c);
    set_nhwc(made->channels, CUDNN_DATA_FLOAT, 1, 1, 1, a.c);
    return made;
  });
}

void copy_channels(const Launch& on, const BatchNormProblem& a, const float* from, float* to) {
  if (from == to) return;
  if (cudaMemcpyAsync(to, from, a.c * sizeof(float), cudaMemcpyDeviceToDevice,
                      static_cast<cudaStream_t>(on.stream)) != cudaSuccess) {
    throw device_error("batch_norm {} x {}: the running statistics cannot be copied.", a.rows, a.c);
  }
}

}  // namespace
}  // namespace hilum

using namespace hilum;

// cuDNN divides by rows - 1 for the running variance.
HILUM_EXPORT const char* batch_norm_forward_cudnn_why_not(const BatchNormProblem& a) {
  return a.rows < 2 ? "cuDNN has no unbiased variance of a single row" : nullptr;
}

HILUM_EXPORT void batch_norm_forward_cudnn(const Launch& on, const BatchNormProblem& a,
                                           const float* x, const float* gamma, const float* beta,
                                           const float* running_mean, const float* running_var,
                                           float* y, float* mean, float* inv_std,
                                           float* running_mean_out, float* running_var_out) {
  const Plan& plan = plan_for(a);
  copy_channels(on, a, running_mean, running_mean_out);
  copy_channels(on, a, running_var, running_var_out);
  check(cudnnBatchNormalizationForwardTraining(
            handle(on), CUDNN_BATCHNORM_SPATIAL, &one, &zero, plan.x, x, plan.x, y, plan.channels,
            gamma, beta, a.momentum, running_mean_out, running_var_out, a.epsilon, mean, inv_std),
        "batch_norm.forward");
}

HILUM_EXPORT void batch_norm_backward_cudnn(const Launch& on, const BatchNormProblem& a,
                                            const float* x, const float* gamma, const float* mean,
                                            const float* inv_std, const float* dy, float* dx,
                                            float* dgamma, float* dbeta) {
  const Plan& plan = plan_for(a);
  check(cudnnBatchNormalizationBackward(handle(on), CUDNN_BATCHNORM_SPATIAL, &one, &zero, &one,
                                        &zero, plan.x, x, plan.x, dy, plan.x, dx, plan.channels,
                                        gamma, dgamma, dbeta, a.epsilon, mean, inv_std),
        "batch_norm.backward");
}

HILUM_EXPORT void batch_norm_inference_cudnn(const Launch& on, const BatchNormProblem& a,
                                             const float* x, const float* gamma, const float* beta,
                                             const float* running_mean, const float* running_var,
                                             float* y) {
  const Plan& plan = plan_for(a);
  check(cudnnBatchNormalizationForwardInference(handle(on), CUDNN_BATCHNORM_SPATIAL, &one, &zero,
                                                plan.x, x, plan.x, y, plan.channels, gamma, beta,
                                                running_mean, running_var, a.epsilon),
        "batch_norm.inference");
}
