// concat: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/concat/concat.h"

namespace hilum {
void concat_forward_cpu1(const Launch&, const ConcatProblem&, const float* a, const float* b,
                         const float* c, const float* d, float* y);
void concat_backward_cpu1(const Launch&, const ConcatProblem&, const float* dy, float* da,
                          float* db, float* dc, float* dd);
}  // namespace hilum
