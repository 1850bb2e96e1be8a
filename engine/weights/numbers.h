// The number types that weight files hold, and their conversion to float32.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace hilum {

enum class NumberType { f32, f64, f16, bf16, i64, i32, i16, i8, u8, boolean };

std::size_t bytes_of(NumberType type);
const char* number_name(NumberType type);  // as safetensors calls it: "F32"
std::optional<NumberType> number_named(std::string_view name);

// `count` little-endian numbers at `raw`, which need not be aligned. Out of range of a float is
// infinity; whole numbers above 2^24 are rounded.
void to_float(NumberType type, const char* raw, std::size_t count, float* to);

}  // namespace hilum
