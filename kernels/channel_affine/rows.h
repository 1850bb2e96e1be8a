// channel_affine: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/channel_affine/channel_affine.h"

namespace hilum {
void channel_affine_inference_cpu1(const Launch&, const ChannelAffineProblem&, const float* x,
                                   const float* scale, const float* shift, float* y);
}  // namespace hilum
