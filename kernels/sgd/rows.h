// sgd: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/sgd/sgd.h"

namespace hilum {
void sgd_step_cpu1(const Launch&, const SgdProblem&, const float* w, const float* g, const float* v,
                   float* w_out, float* v_out);
}  // namespace hilum
