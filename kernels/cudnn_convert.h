// Floats to bf16 and back, in the GPU's memory: for library rows that compute in bf16.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/row.h"

namespace hilum {
void floats_to_bf16(const Launch& on, std::size_t count, const float* x, std::uint16_t* y);
void bf16_to_floats(const Launch& on, std::size_t count, const std::uint16_t* x, float* y);
}  // namespace hilum
