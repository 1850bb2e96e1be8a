// The chance in a phantom: streams of Philox numbers keyed by (seed, patient, purpose), so that
// what one part draws never moves what another part gets, and a smooth 3-D noise made from such a
// stream.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/philox.h"

namespace hilum::phantom {

// Draws one float after another. The key is made of (seed, patient), the stream of what the numbers
// are for; the class of a patient is in neither, so two classes with the same patient number have
// the same body, scanner and noise.
class Stream {
 public:
  Stream(Philox patient, std::string_view what) : philox_{patient.key, purpose(what)} {}

  // In [0, 1).
  float uniform() { return philox_.uniform_float(next_++); }
  float range(float low, float high) { return low + (high - low) * uniform(); }
  bool chance(float probability) { return uniform() < probability; }
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(uniform() * static_cast<float>(n));
  }
  // Standard normal, by Box and Muller (1958); cut at 2.5 so that no patient is a monster.
  float normal() {
    const float r = std::sqrt(-2 * std::log(1 - uniform()));
    return std::clamp(r * std::cos(6.2831853f * uniform()), -2.5f, 2.5f);
  }

 private:
  Philox philox_;
  std::uint64_t next_ = 0;
};

// Value noise: random numbers on a periodic lattice of kSide^3 points, interpolated smoothly.
// Mean 0, within [-1, 1], deviation about 0.3.
class NoiseField {
 public:
  explicit NoiseField(Stream stream) : lattice_(kSide * kSide * kSide) {
    for (float& value : lattice_) value = stream.range(-1, 1);
  }
  // Coordinates in lattice steps.
  float at(float x, float y, float z) const {
    const float fx = std::floor(x), fy = std::floor(y), fz = std::floor(z);
    const float tx = fade(x - fx), ty = fade(y - fy), tz = fade(z - fz);
    const std::size_t x0 = wrap(fx), x1 = wrap(fx + 1);
    const std::size_t y0 = wrap(fy) * kSide, y1 = wrap(fy + 1) * kSide;
    const std::size_t z0 = wrap(fz) * kSide * kSide, z1 = wrap(fz + 1) * kSide * kSide;
    const float* v = lattice_.data();
    const float a = lerp(lerp(v[z0 + y0 + x0], v[z0 + y0 + x1], tx),
                         lerp(v[z0 + y1 + x0], v[z0 + y1 + x1], tx), ty);
    const float b = lerp(lerp(v[z1 + y0 + x0], v[z1 + y0 + x1], tx),
                         lerp(v[z1 + y1 + x0], v[z1 + y1 + x1], tx), ty);
    return lerp(a, b, tz);
  }
  // Two octaves, features of about `scale` and scale / 2 millimetres.
  float rough(float x, float y, float z, float scale) const {
    const float s = 1 / scale;
    return at(x * s, y * s, z * s) +
           0.5f * at(x * s * 2 + 7.3f, y * s * 2 + 1.7f, z * s * 2 + 4.1f);
  }

 private:
  static constexpr std::size_t kSide = 32;
  static float fade(float t) { return t * t * (3 - 2 * t); }
  static float lerp(float a, float b, float t) { return a + (b - a) * t; }
  static std::size_t wrap(float v) {
    return static_cast<std::size_t>(static_cast<int>(v) & (static_cast<int>(kSide) - 1));
  }
  std::vector<float> lattice_;
};

}  // namespace hilum::phantom
