// softmax_cross_entropy: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/softmax_cross_entropy/softmax_cross_entropy.h"

namespace hilum {
void softmax_cross_entropy_forward_cpu1(const Launch&, const SoftmaxCrossEntropyProblem&,
                                        const float* logits, const std::int32_t* labels,
                                        const float* class_weight, float* loss, float* probability);
std::size_t softmax_cross_entropy_forward_cpu1_workspace(const SoftmaxCrossEntropyProblem&);
void softmax_cross_entropy_backward_cpu1(const Launch&, const SoftmaxCrossEntropyProblem&,
                                         const float* probability, const std::int32_t* labels,
                                         const float* class_weight, const float* dloss,
                                         float* dlogits);
}  // namespace hilum
