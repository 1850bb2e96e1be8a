// Batch norm with fixed statistics is a factor and a summand a channel, and a convolution before it
// can take both into its filters: one pass over memory less. While a FoldedBatchNorms lives the
// frozen pairs that it found work like this; weights and state_dict() stay as they are.
//
//   bn(conv(x)) = s (w * x + b - mean) + beta,   s = gamma / sqrt(var + epsilon)
//               = (s w) * x + (s (b - mean) + beta)
#pragma once

#include <functional>
#include <vector>

#include "engine/layers.h"

namespace hilum {

class FoldedBatchNorms {
 public:
  // Runs `forward` once on x to see which norm is given what which convolution made. A convolution
  // whose output is also used elsewhere must not be followed by a norm at once (in a residual net
  // of the second version it may be; none of nets/ is one).
  FoldedBatchNorms(const std::function<Tensor(Tensor)>& forward, const Tensor& x);
  ~FoldedBatchNorms();
  FoldedBatchNorms(const FoldedBatchNorms&) = delete;
  FoldedBatchNorms& operator=(const FoldedBatchNorms&) = delete;
  std::size_t count() const { return pairs_.size(); }

 private:
  struct Pair {
    Conv2d* conv;
    BatchNorm2d* norm;
  };
  std::vector<Pair> pairs_;
};

}  // namespace hilum
