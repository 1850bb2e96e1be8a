// The activations that an inference kernel applies to what it is about to write.
#pragma once

namespace hilum {

enum class Activation { none, relu, relu6 };

inline const char* activation_name(Activation a) {
  return a == Activation::relu ? "relu" : a == Activation::relu6 ? "relu6" : "none";
}

// A NaN stays one. CUDA kernels call it too.
constexpr float activate(Activation a, float v) {
  if (a == Activation::none) return v;
  const float low = v <= 0 ? 0 : v;
  return a == Activation::relu6 && low > 6 ? 6 : low;
}

// For the oracle, in any number type. v - v is 0 that keeps v's scale of rounding (and NaN).
template <class T>
T activate(Activation a, T v) {
  if (a == Activation::none) return v;
  if (!(v > T(0))) return v - v;
  return a == Activation::relu6 && v > T(6) ? T(6) + (v - v) : v;
}

}  // namespace hilum
