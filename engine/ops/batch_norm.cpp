// batch_norm on the tape, with the statistics of the batch or with fixed ones. The input is kept.
#include "kernels/batch_norm/batch_norm.h"

#include "engine/ops/buffers.h"

namespace hilum {

Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Tensor& running_mean,
                  Tensor& running_var, bool training, float momentum, float epsilon) {
  const std::size_t rank = x.shape().rank(), c = gamma.count();
  for (const Tensor& t : {gamma, beta, running_mean, running_var}) {
    check_same_device("batch_norm", x, t);
    if (rank < 2 || t.shape() != Shape{x.size(rank - 1)}) {
      throw usage_error("batch_norm: x {} with a parameter {}. Expected one value a channel.",
                        x.shape().str(), t.shape().str());
    }
  }
  const BatchNormProblem a{c == 0 ? 0 : x.count() / c, c, epsilon, momentum};
  check(a);
  const Device device = x.device();
  Tensor y = Tensor::empty(x.shape(), device), mean, inv_std;
  if (training) {
    mean = Tensor::empty({c}, device);
    inv_std = Tensor::empty({c}, device);
    run<BatchNormForward>(device, a, x.data(), gamma.data(), beta.data(), running_mean.data(),
                          running_var.data(), y.data(), mean.data(), inv_std.data(),
                          running_mean.data(), running_var.data());
  } else {
    mean = running_mean.detach();
    inv_std = running_var.detach();  // of which the kernel takes the root
    run<BatchNormInference>(device, a, x.data(), gamma.data(), beta.data(), mean.data(),
                            inv_std.data(), y.data());
  }
  return record("batch_norm", {x, gamma, beta}, y,
                [=, x = x.detach(), gamma = gamma.detach()](Tensor dy) {
                  Tensor dx = Tensor::empty(x.shape(), device), dgamma = Tensor::empty({c}, device),
                         dbeta = Tensor::empty({c}, device);
                  auto go = [&]<class Pass>() {
                    run<Pass>(device, a, x.data(), gamma.data(), mean.data(), inv_std.data(),
                              dy.data(), dx.data(), dgamma.data(), dbeta.data());
                  };
                  training ? go.template operator()<BatchNormBackward>()
                           : go.template operator()<BatchNormInferenceBackward>();
                  return std::vector<Tensor>{dx, dgamma, dbeta};
                },
                {{"epsilon", epsilon}});
}

}  // namespace hilum
