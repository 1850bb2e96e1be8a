// dropout: declarations of the rows that table.cpp lists. Both passes are one function.
#pragma once

#include "kernels/dropout/dropout.h"

namespace hilum {
void dropout_cpu1(const Launch&, const DropoutProblem&, const float* x, float* y);
}  // namespace hilum
