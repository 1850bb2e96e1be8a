// adam: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/adam/adam.h"

namespace hilum {
void adam_step_cpu1(const Launch&, const AdamProblem&, const float* w, const float* g,
                    const float* m, const float* v, float* w_out, float* m_out, float* v_out);
void adam_step_all_cpu1(const Launch&, const AdamAllProblem&, const float* const* w,
                        const float* const* g, const float* const* m, const float* const* v,
                        float* const* w_out, float* const* m_out, float* const* v_out);
}  // namespace hilum
