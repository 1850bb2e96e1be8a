// Random geometry and brightness with Keras' meaning (ImageDataGenerator), composed into one matrix
// so that pixels are sampled once.
//   rotation     degrees, uniform in [-r, r]
//   shift        fraction of the height / width, uniform in [-s, s] (width_shift, height_shift
//   alone) shear        degrees, uniform in [-s, s] zoom         factor uniform in [1-z, 1+z], each
//   axis its own flip         horizontal, with probability one half brightness   factor uniform in
//   [1-b, 1+b]
// zoom and brightness also take a range, as in zoom=0.8:1.1.
// The draw for an image depends on (seed, epoch, image index) only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace hilum {

enum class Border { nearest, reflect, constant };

struct Augmentation {
  double rotation = 0;
  double width_shift = 0, height_shift = 0;
  double shear = 0;
  double zoom_low = 1, zoom_high = 1;
  bool flip = false;
  double brightness_low = 1, brightness_high = 1;
  Border border = Border::nearest;
  bool any() const;
  // In the words of parse_augmentation; "none" where nothing is done.
  std::string describe() const;
};

// "rotation=10,shift=0.1,shear=0.1,zoom=0.1,flip,brightness=0.1,border=reflect"; "none" or "" is
// none. Usage errors name the part that is wrong. Border: nearest (Keras' default) goes on with the
// edge pixel, reflect mirrors (d c b a | a b c d | d c b a), constant is black.
Augmentation parse_augmentation(const std::string& text);

// One outcome: degrees, pixels and factors.
struct Geometry {
  double rotation = 0;
  double row_shift = 0, column_shift = 0;
  double shear = 0;
  double row_zoom = 1, column_zoom = 1;
  bool flip = false;
};

// The matrix that takes output coordinates to input coordinates, row-major 2 x 3, as affine_warp
// takes it:  x_in = m0 x + m1 y + m2,  y_in = m3 x + m4 y + m5,  where x runs to the right from 0
// at the left edge to w at the right one, y down from 0 to h.
//
// Keras composes, on (row, column) vectors about the image centre (h/2, w/2),
//   in = R(rotation) T(row_shift, column_shift) S(shear) Z(row_zoom, column_zoom) out   with
//   R = [cos -sin; sin cos],  S = [1 -sin; 0 cos],  Z = diag(row_zoom, column_zoom),
// so a zoom above 1 shows more of the image, smaller. The flip turns the finished picture round:
// out column -> w - column, before all that. (Keras versions differ in whether the first coordinate
// is the row; here it is, so that width_shift moves along the width.)
std::array<float, 6> compose_geometry(const Geometry& geometry, std::size_t height,
                                      std::size_t width);

// What to do to one image. The gain multiplies gray levels, which then stay within [0, 255].
struct Draw {
  std::array<float, 6> matrix;
  float gain = 1;
};
Draw draw_augmentation(const Augmentation& augmentation, std::size_t height, std::size_t width,
                       std::uint64_t seed, std::uint64_t epoch, std::uint64_t image);

}  // namespace hilum
