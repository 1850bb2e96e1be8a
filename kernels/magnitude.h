// A number that carries, beside its value, the sum of the absolute values of the terms it was made
// of. Running a reference with it gives for every output the scale of the rounding error that any
// order of float operations may leave: eps x sum of |terms|. Used by the harness only.
//
// Rules: first-order propagation. For a sum the magnitudes add, for a product they multiply; for a
// smooth function f the magnitude is |f'(v)| m + |f(v)|.
#pragma once

#include <cmath>

namespace hilum {

struct Magnitude {
  double value = 0;
  double magnitude = 0;

  Magnitude() = default;
  Magnitude(double v) : value(v), magnitude(std::fabs(v)) {}
  Magnitude(double v, double m) : value(v), magnitude(m) {}

  explicit operator double() const { return value; }
  Magnitude operator-() const { return {-value, magnitude}; }
  Magnitude& operator+=(Magnitude b) { return *this = {value + b.value, magnitude + b.magnitude}; }
  Magnitude& operator-=(Magnitude b) { return *this = {value - b.value, magnitude + b.magnitude}; }
  Magnitude& operator*=(Magnitude b) { return *this = {value * b.value, magnitude * b.magnitude}; }
  Magnitude& operator/=(Magnitude b) {
    const double b2 = b.value * b.value;
    return *this = {value / b.value, b2 == 0 ? 0.0 : magnitude * b.magnitude / b2};
  }
  friend Magnitude operator+(Magnitude a, Magnitude b) { return a += b; }
  friend Magnitude operator-(Magnitude a, Magnitude b) { return a -= b; }
  friend Magnitude operator*(Magnitude a, Magnitude b) { return a *= b; }
  friend Magnitude operator/(Magnitude a, Magnitude b) { return a /= b; }
  friend bool operator<(Magnitude a, Magnitude b) { return a.value < b.value; }
  friend bool operator>(Magnitude a, Magnitude b) { return a.value > b.value; }
  friend bool operator<=(Magnitude a, Magnitude b) { return a.value <= b.value; }
  friend bool operator>=(Magnitude a, Magnitude b) { return a.value >= b.value; }
  friend bool operator==(Magnitude a, Magnitude b) { return a.value == b.value; }
};

// Found by argument-dependent lookup; references write `using std::sqrt; sqrt(x)`.
inline Magnitude sqrt(Magnitude a) {
  const double root = std::sqrt(a.value);
  return {root, root == 0 ? 0.0 : a.magnitude / (2 * root) + root};
}
inline Magnitude exp(Magnitude a) {
  const double e = std::exp(a.value);
  return {e, e * (a.magnitude + 1)};
}
inline Magnitude log(Magnitude a) {
  return {std::log(a.value), a.magnitude / std::fabs(a.value) + std::fabs(std::log(a.value))};
}
inline Magnitude abs(Magnitude a) { return {std::fabs(a.value), a.magnitude}; }
inline Magnitude pow(Magnitude a, double exponent) {
  const double p = std::pow(a.value, exponent);
  return {p, std::fabs(exponent * p / a.value) * a.magnitude + std::fabs(p)};
}

}  // namespace hilum
