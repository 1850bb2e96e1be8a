// What the CUDA versions of softmax_cross_entropy share: the formulas for one sample and one class.
// How the sums and the largest logit are found is what each version is about.
#pragma once

#include "kernels/cuda.h"
#include "kernels/softmax_cross_entropy/softmax_cross_entropy.h"

namespace hilum {
namespace {

using Problem = SoftmaxCrossEntropyProblem;

__device__ __forceinline__ double weight_of(const float* class_weight, std::size_t j) {
  return class_weight != nullptr ? class_weight[j] : 1.0;
}

// A sample's part of the loss: minus_log = -ln p[label], smooth = sum over j of v[j] (-ln p[j]).
__device__ __forceinline__ double sample_loss(const Problem& a, const float* class_weight,
                                              std::int32_t label, double minus_log, double smooth) {
  const double smoothing = a.label_smoothing;
  return (1 - smoothing) * weight_of(class_weight, label) * minus_log +
         smoothing / static_cast<double>(a.c) * smooth;
}

// dlogits[j] = slope p[j] - smooth v[j], less `hard` at the label. The weights' sums are W of the
// batch's labels and V of all classes.
struct Slopes {
  float slope, smooth, hard;
  __device__ Slopes(const Problem& a, const float* class_weight, std::int32_t label, float dloss,
                    double of_labels, double of_classes) {
    const double scale = dloss / of_labels, smoothing = a.label_smoothing;
    const double share = scale * smoothing / static_cast<double>(a.c);
    const double own = scale * (1 - smoothing) * weight_of(class_weight, label);
    slope = static_cast<float>(own + share * of_classes);
    smooth = static_cast<float>(share);
    hard = static_cast<float>(own);
  }
  __device__ float gradient(const float* class_weight, float p, std::size_t j,
                            std::int32_t label) const {
    const float v = class_weight != nullptr ? class_weight[j] : 1.0f;
    return slope * p - smooth * v - (j == static_cast<std::size_t>(label) ? hard : 0.0f);
  }
};

}  // namespace
}  // namespace hilum
