// Random geometry and brightness with Keras' meaning (ImageDataGenerator), composed into one matrix
// so that pixels are sampled once.
//   rotation     degrees, uniform in [-r, r]
//   shift        fraction of the height / width, uniform in [-s, s] (width_shift, height_shift
//   alone) shear        degrees, uniform in [-s, s] zoom         factor uniform in [1-z, 1+z], each
//   axis its own flip         horizontal, with probability one half brightness   factor uniform in
//   [1-b, 1+b] (or brightness_low / brightness_high)
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
  std::string describe() const;
};

// "rotation=10,shift=0.1,shear=0.1,zoom=0.1,flip,brightness=0.1,border=reflect"; "none" or "" is
// none.
Augmentation parse_augmentation(const std::string& text);

// Output pixel coordinates -> input pixel coordinates, row-major 2 x 3, as affine_warp takes it.
struct Draw {
  std::array<float, 6> matrix;
  float gain = 1;
};
Draw draw_augmentation(const Augmentation& augmentation, std::size_t height, std::size_t width,
                       std::uint64_t seed, std::uint64_t epoch, std::uint64_t image);

}  // namespace hilum
