// adam: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/adam/adam.h"

namespace hilum {
void adam_step_cpu1(const Launch&, const AdamProblem&, const float* w, const float* g,
                    const float* m, const float* v, float* w_out, float* m_out, float* v_out);
}  // namespace hilum
