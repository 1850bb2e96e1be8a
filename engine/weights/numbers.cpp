// Number by number conversion; small formats are taken apart by hand.
#include "engine/weights/numbers.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace hilum {
namespace {

struct TypeRow {
  NumberType type;
  const char* name;
  std::size_t bytes;
};
constexpr TypeRow types[] = {{NumberType::f32, "F32", 4}, {NumberType::f64, "F64", 8},
                             {NumberType::f16, "F16", 2}, {NumberType::bf16, "BF16", 2},
                             {NumberType::i64, "I64", 8}, {NumberType::i32, "I32", 4},
                             {NumberType::i16, "I16", 2}, {NumberType::i8, "I8", 1},
                             {NumberType::u8, "U8", 1},   {NumberType::boolean, "BOOL", 1}};

// IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction.
float from_half(std::uint16_t half) {
  const float sign = half & 0x8000 ? -1.0f : 1.0f;
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  if (exponent == 31) {
    return fraction ? std::numeric_limits<float>::quiet_NaN()
                    : sign * std::numeric_limits<float>::infinity();
  }
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

// The upper half of a float32.
float from_bfloat(std::uint16_t upper) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16);
}

template <class T, class Convert>
void convert(const char* raw, std::size_t count, float* to, Convert to_float) {
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, raw + i * sizeof(T), sizeof(T));
    to[i] = to_float(value);
  }
}

}  // namespace

std::size_t bytes_of(NumberType type) { return types[static_cast<std::size_t>(type)].bytes; }
const char* number_name(NumberType type) { return types[static_cast<std::size_t>(type)].name; }

std::optional<NumberType> number_named(std::string_view name) {
  for (const TypeRow& row : types) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

void to_float(NumberType type, const char* raw, std::size_t count, float* to) {
  const auto cast = [](auto value) { return static_cast<float>(value); };
  switch (type) {
    case NumberType::f32:
      if (count != 0) std::memcpy(to, raw, count * sizeof(float));
      return;
    case NumberType::f64:
      return convert<double>(raw, count, to, cast);
    case NumberType::f16:
      return convert<std::uint16_t>(raw, count, to, from_half);
    case NumberType::bf16:
      return convert<std::uint16_t>(raw, count, to, from_bfloat);
    case NumberType::i64:
      return convert<std::int64_t>(raw, count, to, cast);
    case NumberType::i32:
      return convert<std::int32_t>(raw, count, to, cast);
    case NumberType::i16:
      return convert<std::int16_t>(raw, count, to, cast);
    case NumberType::i8:
      return convert<std::int8_t>(raw, count, to, cast);
    case NumberType::u8:
      return convert<std::uint8_t>(raw, count, to, cast);
    case NumberType::boolean:
      return convert<std::uint8_t>(raw, count, to, [](std::uint8_t v) { return v ? 1.0f : 0.0f; });
  }
}

}  // namespace hilum
