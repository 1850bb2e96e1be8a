// add: declarations of the rows that table.cpp lists.
#pragma once

#include "kernels/add/add.h"

namespace hilum {
void add_forward_cpu1(const Launch&, const AddProblem&, const float* a, const float* b, float* y);
}  // namespace hilum
