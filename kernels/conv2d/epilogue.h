// conv2d: what an inference row does to a sum before it writes it (inference.h). The training
// passes have none: bias is null.
#pragma once

#include <cstddef>

#include "kernels/activation.h"

namespace hilum {

struct Epilogue {
  const float* bias = nullptr;      // one a filter
  const float* residual = nullptr;  // dense, as many floats a pixel as there are filters
  Activation activation = Activation::none;
};

}  // namespace hilum
