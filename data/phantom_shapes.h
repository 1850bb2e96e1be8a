// The geometry that phantom slices are drawn with: signed distances in millimetres (negative
// inside), outlines given by radius over angle, smooth noise, and the random stream that all of it
// draws from. Edges are soft by the width that a caller asks for, so that no supersampling is
// needed.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace hilum::phantom {

constexpr float kPi = 3.14159265358979f;

struct Vec2 {
  float x = 0, y = 0;
};
inline Vec2 operator+(Vec2 a, Vec2 b) { return {a.x + b.x, a.y + b.y}; }
inline Vec2 operator-(Vec2 a, Vec2 b) { return {a.x - b.x, a.y - b.y}; }
inline Vec2 operator*(float s, Vec2 a) { return {s * a.x, s * a.y}; }
inline float dot(Vec2 a, Vec2 b) { return a.x * b.x + a.y * b.y; }
inline float length(Vec2 a) { return std::sqrt(dot(a, a)); }

struct Vec3 {
  float x = 0, y = 0, z = 0;
};
inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(float s, Vec3 a) { return {s * a.x, s * a.y, s * a.z}; }
inline float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline float length(Vec3 a) { return std::sqrt(dot(a, a)); }
inline Vec2 flat(Vec3 a) { return {a.x, a.y}; }

inline float mix(float a, float b, float t) { return a + (b - a) * t; }
inline float clamp01(float t) { return std::min(std::max(t, 0.f), 1.f); }
inline float smoothstep(float t) {
  t = clamp01(t);
  return t * t * (3 - 2 * t);
}
// Share of a pixel inside a shape: 1 deep inside, 0 outside, a soft step `width` millimetres wide.
inline float coverage(float distance, float width) { return smoothstep(0.5f - distance / width); }

// Union and intersection whose seams are rounded over about k millimetres (polynomial blend,
// Quilez, "Smooth minimum", iquilezles.org/articles/smin).
inline float smooth_min(float a, float b, float k) {
  const float h = std::max(k - std::abs(a - b), 0.f) / k;
  return std::min(a, b) - h * h * k * 0.25f;
}
inline float smooth_max(float a, float b, float k) { return -smooth_min(-a, -b, k); }

// Piecewise linear function of one variable, constant beyond its ends; knots ascending in x.
inline float curve(float x, std::initializer_list<std::pair<float, float>> knots) {
  const std::pair<float, float>* before = knots.begin();
  if (x <= before->first) return before->second;
  for (const auto& knot : knots) {
    if (x < knot.first) {
      return mix(before->second, knot.second, (x - before->first) / (knot.first - before->first));
    }
    before = &knot;
  }
  return before->second;
}

// A disc, ellipse or turned ellipse. First-order distance: exact for discs, and on the edge.
struct Ellipse {
  Vec2 centre;
  float a = 1, b = 1;          // half axes, mm
  float cosine = 1, sine = 0;  // direction of axis a
  float distance(Vec2 p) const {
    const Vec2 q = p - centre;
    const float u = (q.x * cosine + q.y * sine), v = (-q.x * sine + q.y * cosine);
    const float k0 = std::sqrt(u * u / (a * a) + v * v / (b * b));
    const float k1 = std::sqrt(u * u / (a * a * a * a) + v * v / (b * b * b * b));
    return k1 > 1e-9f ? k0 * (k0 - 1) / k1 : -std::min(a, b);
  }
  float reach() const { return std::max(a, b); }
};
inline Ellipse disc(Vec2 centre, float radius) { return {centre, radius, radius, 1, 0}; }
inline Ellipse turned_ellipse(Vec2 centre, float a, float b, float angle) {
  return {centre, a, b, std::cos(angle), std::sin(angle)};
}

// A segment with a radius that changes linearly from end to end. In 3-D: distance from p.
struct Cone {
  Vec3 from, to;
  float from_radius = 1, to_radius = 1;
  float distance(Vec3 p) const {
    const Vec3 d = to - from, q = p - from;
    const float t = clamp01(dot(q, d) / std::max(dot(d, d), 1e-9f));
    return length(q - t * d) - mix(from_radius, to_radius, t);
  }
};
inline Cone flat_cone(Vec2 from, Vec2 to, float from_radius, float to_radius) {
  return {{from.x, from.y, 0}, {to.x, to.y, 0}, from_radius, to_radius};
}
inline float box_distance(Vec2 q, float half_width, float half_height, float rounding) {
  const float x = std::abs(q.x) - half_width + rounding, y = std::abs(q.y) - half_height + rounding;
  const float ox = std::max(x, 0.f), oy = std::max(y, 0.f);
  return std::sqrt(ox * ox + oy * oy) + std::min(std::max(x, y), 0.f) - rounding;
}

// An outline that is seen once from every direction of its centre: radius as a table over the
// angle. Angles run from +x (image right) to +y (down, posterior).
class Outline {
 public:
  static constexpr std::size_t kSteps = 256;
  Outline() = default;
  template <class Radius>  // float radius(float angle)
  Outline(Vec2 centre, Radius radius) : centre_(centre) {
    for (std::size_t i = 0; i < kSteps; ++i) {
      radius_[i] = radius(2 * kPi * static_cast<float>(i) / kSteps - kPi);
    }
    for (std::size_t i = 0; i < kSteps; ++i) {
      const float slope = (radius_[(i + 1) % kSteps] - radius_[(i + kSteps - 1) % kSteps]) /
                          (4 * kPi / kSteps * radius_[i]);
      foreshortening_[i] = 1 / std::sqrt(1 + slope * slope);
    }
  }
  float radius(float angle) const { return at(radius_, angle); }
  float distance(Vec2 p) const {
    const Vec2 q = p - centre_;
    return distance(length(q), std::atan2(q.y, q.x));
  }
  float distance(float from_centre, float angle) const {
    return (from_centre - at(radius_, angle)) * at(foreshortening_, angle);
  }
  Vec2 centre() const { return centre_; }
  Vec2 point(float angle, float outside) const {
    const float r = radius(angle) + outside;
    return centre_ + Vec2{r * std::cos(angle), r * std::sin(angle)};
  }

 private:
  using Table = std::array<float, kSteps>;
  static float at(const Table& table, float angle) {
    const float position = (angle + kPi) * (kSteps / (2 * kPi));
    const float whole = std::floor(position);
    const auto i =
        static_cast<std::size_t>(static_cast<int>(whole) & (static_cast<int>(kSteps) - 1));
    return mix(table[i], table[(i + 1) % kSteps], position - whole);
  }
  Vec2 centre_;
  Table radius_{}, foreshortening_{};
};

// Radius of a superellipse |x/a|^n + |y/b|^n = 1 in direction `angle`.
inline float superellipse_radius(float angle, float a, float b, float n) {
  const float c = std::abs(std::cos(angle)) / a, s = std::abs(std::sin(angle)) / b;
  return std::pow(std::pow(c, n) + std::pow(s, n), -1 / n);
}
// A bump of height 1 around angle `at`, of half width `width` radians.
inline float angular_bump(float angle, float at, float width) {
  float d = std::abs(angle - at);
  d = std::min(d, 2 * kPi - d);
  return std::exp(-d * d / (2 * width * width));
}

}  // namespace hilum::phantom
