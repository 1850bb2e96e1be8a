// Turns an imagined patient into pictures: the scanner, the canvas that shapes are painted on, and
// the painters. Hounsfield units everywhere until the very end.
#pragma once

#include <cstddef>
#include <vector>

#include "data/phantom.h"
#include "data/phantom_anatomy.h"
#include "data/phantom_lesions.h"
#include "data/phantom_vessels.h"

namespace hilum {

namespace phantom {

struct Scanner {
  float field_of_view = 360;  // mm across the image
  float turn = 0;             // radians
  Vec2 shift;                 // mm
  float blur = 0.8f;          // mm, width of a sharp edge
  float thickness = 1.5f;     // mm of tissue in one slice
  float noise = 25;           // HU, deviation in the body at pixels of 0.7 mm
  float noise_grain = 0.8f;   // mm, correlation of the noise
  float edge_boost = 0.5f;    // 0 smooth kernel … 1 sharp kernel
  bool round_field = false;   // nothing is reconstructed outside a circle
  float table_radius = 500, table_thick = 30, table_hu = 50;
};

// Where the pixels lie in the patient, and the soft edges that fit their size.
class Canvas {
 public:
  Canvas(std::size_t size, const Scanner& scanner);
  std::size_t size() const { return size_; }
  float pixel() const { return pixel_; }    // mm
  float softness() const { return soft_; }  // mm, width of a painted edge
  Vec2 at(std::size_t row, std::size_t column) const {
    return corner_ + static_cast<float>(column) * right_ + static_cast<float>(row) * down_;
  }
  // Scanner coordinates: the same without the patient's turn and shift.
  Vec2 on_table(std::size_t row, std::size_t column) const {
    return {(static_cast<float>(column) + 0.5f) * pixel_ - half_,
            (static_cast<float>(row) + 0.5f) * pixel_ - half_};
  }
  Vec2 to_table(Vec2 p) const {  // patient -> scanner
    return (1 / pixel_) * Vec2{dot(p, right_), dot(p, down_)} + shift_;
  }
  // Calls paint(p, index) for each pixel within `reach` mm of the point.
  template <class Paint>
  void near(Vec2 centre, float reach, Paint paint) const {
    const Vec2 q = to_table(centre);
    const float r = reach + soft_;
    const auto clip = [&](float mm) {
      return static_cast<std::size_t>(
          std::clamp((mm + half_) / pixel_, 0.f, static_cast<float>(size_)));
    };
    const std::size_t r0 = clip(q.y - r), r1 = std::min(size_, clip(q.y + r) + 1);
    const std::size_t c0 = clip(q.x - r), c1 = std::min(size_, clip(q.x + r) + 1);
    for (std::size_t row = r0; row < r1; ++row) {
      for (std::size_t column = c0; column < c1; ++column) {
        paint(at(row, column), row * size_ + column);
      }
    }
  }
  template <class Shape>  // with distance() and reach()
  void fill(std::vector<float>& hu, const Shape& shape, float value, float extra_soft = 0) const {
    near(shape.centre, shape.reach() + extra_soft, [&](Vec2 p, std::size_t i) {
      hu[i] = mix(hu[i], value, coverage(shape.distance(p), soft_ + extra_soft));
    });
  }

 private:
  std::size_t size_;
  float pixel_, soft_, half_;
  Vec2 corner_, right_, down_, shift_;
};

// Share of a pixel that a tube covers, from the distance to its axis; right for tubes thinner than
// the pixel, too.
inline float tube_coverage(float from_axis, float radius, float width) {
  return smoothstep(0.5f - (from_axis - radius) / width) -
         smoothstep(0.5f - (from_axis + radius) / width);
}

// Table, skin, fat, muscle, bones, mediastinum, what lies under the domes. hu: size x size.
void paint_body(const Canvas& canvas, const Anatomy& anatomy, const Level& level,
                const Scanner& scanner, const NoiseField& noise, std::vector<float>& hu);
void paint_bones(const Canvas& canvas, const Anatomy& anatomy, const Level& level,
                 const NoiseField& noise, std::vector<float>& hu);

// The lungs' inside. `share`: how much of each pixel is lung; `lesion`: how much of it is lesion.
struct LungPicture {
  std::vector<float> hu, share, lesion;
};
LungPicture paint_lungs(const Canvas& canvas, const Anatomy& anatomy, const Level& level,
                        const Scanner& scanner, const Trees& trees, const Lesions& lesions,
                        const NoiseField& noise);

// Adds the scanner's noise: correlated, stronger deep in the body.
void add_noise(const Canvas& canvas, const Scanner& scanner, const Level& level, Philox random,
               std::vector<float>& hu);

}  // namespace phantom

struct PhantomPatient::State {
  State(const PhantomOptions& options, std::size_t patient, PhantomClass label);

  Philox random;
  std::size_t size;
  phantom::Anatomy anatomy;
  phantom::Scanner scanner;
  phantom::NoiseField noise;
  std::vector<float> heights;  // of the slices, mm below the apex
  phantom::Trees trees;
  phantom::Lesions lesions;
};

}  // namespace hilum
