// affine_warp: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/affine_warp/affine_warp.h"

namespace hilum {
void affine_warp_forward_cpu1(const Launch&, const AffineWarpProblem&, const std::uint8_t* x,
                              const float* matrix, const float* gain, const float* scale,
                              const float* shift, float* y);

void affine_warp_forward_cpu2_pairs(const Launch&, const AffineWarpProblem&, const std::uint8_t* x,
                                    const float* matrix, const float* gain, const float* scale,
                                    const float* shift, float* y);
const char* affine_warp_forward_cpu2_pairs_why_not(const AffineWarpProblem&);
}  // namespace hilum
