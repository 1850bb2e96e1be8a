// Operations on tensors, on the tape. Each checks its shapes (usage errors name them), runs the
// kernels through their tables and records its backward pass. One short file each in engine/ops/.
//
// Operations that take a Tensor by value work in place where it was handed over with std::move and
// nobody else can see it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tensor.h"

namespace hilum {

struct Conv2dOptions {
  std::size_t stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1,
              groups = 1;
};
struct PoolOptions {
  std::size_t window_h = 2, window_w = 2, stride_h = 2, stride_w = 2, pad_h = 0, pad_w = 0;
  bool count_include_pad = true;  // average only
  bool ceil_mode = false;         // maximum only: pixels left over at the end get a window
};

Tensor conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options = {});  // NHWC, KRSC
Tensor dense(const Tensor& x, const Tensor& w);  // [N,I], [O,I] -> [N,O]
Tensor bias(Tensor x, const Tensor& b);          // last axis
Tensor max_pool(const Tensor& x, const PoolOptions& options = {});
// max_pool(relu(x)); while training the input is not kept but a byte an output (relu_max_pool.h).
Tensor relu_max_pool(Tensor x, const PoolOptions& options = {});
Tensor avg_pool(const Tensor& x, const PoolOptions& options = {});
Tensor global_avg_pool(const Tensor& x);                                  // [N,H,W,C] -> [N,C]
Tensor adaptive_avg_pool(const Tensor& x, std::size_t p, std::size_t q);  // -> [N,P,Q,C]
Tensor relu(Tensor x);
Tensor relu6(Tensor x);
Tensor sigmoid(Tensor x);
Tensor add(Tensor a, const Tensor& b);            // same shape
Tensor concat(const std::vector<Tensor>& parts);  // last axis
// [N,H,W,C] -> [N, H + top + bottom, W + left + right, C]
Tensor zero_pad(const Tensor& x, std::size_t top, std::size_t bottom, std::size_t left,
                std::size_t right);
Tensor flatten(const Tensor& x);  // [N,H,W,C] -> [N,C*H*W], channels first
Tensor dropout(Tensor x, float p, std::uint64_t seed, std::uint64_t offset);
Tensor softmax(const Tensor& x);  // [N,C]; not differentiable: for reading

// Training: uses and updates the running estimates (momentum = weight of the new value).
// Otherwise they are fixed, and gradients for x, gamma and beta are still available.
Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Tensor& running_mean,
                  Tensor& running_var, bool training, float momentum, float epsilon);

// relu(batch_norm(x) + shortcut) with the statistics of the batch, as one operation where the
// device has it; its result is not kept for backward but made again (saved.h). The shortcut may be
// undefined.
Tensor batch_norm_relu(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                       Tensor& running_mean, Tensor& running_var, float momentum, float epsilon,
                       Tensor shortcut = {});
// relu(batch_norm(concat(parts))) with the statistics of the batch; where the device can, without
// joining the parts: each is normalised straight into its channels of the result.
Tensor batch_norm_relu(const std::vector<Tensor>& parts, const Tensor& gamma, const Tensor& beta,
                       Tensor& running_mean, Tensor& running_var, float momentum, float epsilon);

// Mean over the (weighted) batch. labels: i32 [N]; class_weight: [C] or undefined.
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& labels,
                             const Tensor& class_weight = {}, float label_smoothing = 0);

// l1 * sum |w| + l2 * sum w^2, as Keras' regularisers mean it.
Tensor penalty(const Tensor& w, float l1, float l2);

}  // namespace hilum
