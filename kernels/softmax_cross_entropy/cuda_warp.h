// Sums and softmax of a row by the 32 lanes of a warp, in registers: for the versions that share
// rows among warps.
#pragma once

#include "kernels/cuda_reduce.h"
#include "kernels/softmax_cross_entropy/cuda_common.h"

namespace hilum {
namespace {

// The sum of v[label] over the batch, and of v over the classes, found by each warp for itself.
__device__ __forceinline__ double weight_of_labels(const Problem& a, const std::int32_t* labels,
                                                   const float* class_weight, unsigned lane) {
  if (class_weight == nullptr) return static_cast<double>(a.n);
  double own = 0;
  for (std::size_t n = lane; n < a.n; n += 32) own += class_weight[labels[n]];
  return warp_sum(own);
}
__device__ __forceinline__ double weight_of_classes(const Problem& a, const float* class_weight,
                                                    unsigned lane) {
  if (class_weight == nullptr) return static_cast<double>(a.c);
  double own = 0;
  for (std::size_t j = lane; j < a.c; j += 32) own += class_weight[j];
  return warp_sum(own);
}

// One row: writes the probabilities, gives the sample's part of the loss to all lanes.
//
// The largest logit and the sum of exponentials are found in one trip (M. Milakov and N.
// Gimelshein, arXiv 1805.02867): where a larger logit comes, the sum so far shrinks by
// exp(old - new).
[[maybe_unused]] __device__ double row_loss(const Problem& a, const float* x, std::int32_t label,
                                            const float* class_weight, float* p, unsigned lane) {
  float largest = -INFINITY, sum = 0;
  for (std::size_t j = lane; j < a.c; j += 32) {
    const float v = x[j];
    if (v > largest) {
      sum = sum * expf(largest - v) + 1;
      largest = v;
    } else {
      sum += v == largest ? 1 : expf(v - largest);  // two of -infinity, too
    }
  }
  const float top = warp_max(largest);
  sum = warp_sum(sum == 0 ? 0 : sum * expf(largest - top));  // lanes past the row have nothing
  const double log_sum = log(static_cast<double>(sum)) + top;
  double smooth = 0;
  for (std::size_t j = lane; j < a.c; j += 32) {
    p[j] = expf(x[j] - top) / sum;
    if (a.label_smoothing != 0) smooth += weight_of(class_weight, j) * (log_sum - x[j]);
  }
  if (a.label_smoothing != 0) smooth = warp_sum(smooth);
  return sample_loss(a, class_weight, label, log_sum - x[label], smooth);
}

}  // namespace
}  // namespace hilum
