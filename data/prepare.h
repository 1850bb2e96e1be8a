// From a decoded image to the floats that a network eats: augment and normalise.
#pragma once

#include <cstdint>
#include <vector>

#include "data/augment.h"
#include "data/image.h"
#include "data/loader.h"
#include "kernels/affine_warp/affine_warp.h"

namespace hilum {

class Preparation {
 public:
  // Uses size, channels, augmentation, normalisation and seed. Usage errors: a normalisation of
  // another number of channels or with a deviation of zero.
  explicit Preparation(const LoaderOptions& options);

  // size x size x channels floats from an image of that shape: pixel * scale + shift, where scale
  // is 1 / (255 deviation) and shift is -mean / deviation. With an augmentation the pixels are
  // first moved and brightened as (seed, epoch, index) says. May be called from many threads at
  // once.
  void fill(const Image& image, std::uint64_t epoch, std::uint64_t index, float* out) const;

  // What fill() does, for those who do it elsewhere.
  Draw draw(std::uint64_t epoch, std::uint64_t index) const;
  const AffineWarpProblem& problem() const { return problem_; }  // of one image
  const std::vector<float>& scale() const { return scale_; }
  const std::vector<float>& shift() const { return shift_; }

  std::size_t floats() const { return problem_.y_count(); }

 private:
  AffineWarpProblem problem_;
  // Chosen once, here: choosing reads settings that the training thread may be changing.
  const Row<AffineWarpForward>& row_;
  Augmentation augmentation_;
  std::vector<float> scale_, shift_;
  std::uint64_t seed_;
};

}  // namespace hilum
