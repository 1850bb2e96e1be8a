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

// The sum for filter k at a pixel, of all pixels the one of number `pixel`; `filters` is how many
// there are. For CUDA kernels; vectors of the CPU: epilogue_simd.h.
constexpr float finish(const Epilogue& e, float sum, std::size_t k, std::size_t pixel,
                       std::size_t filters) {
  if (e.bias == nullptr) return sum;
  sum += e.bias[k];
  if (e.residual != nullptr) sum += e.residual[pixel * filters + k];
  return activate(e.activation, sum);
}

}  // namespace hilum
