// One affine_warp that moves, brightens and normalises.
#include "data/prepare.h"

#include "kernels/dispatch.h"
#include "kernels/error.h"

namespace hilum {
namespace {

AffineWarpProblem make_problem(const LoaderOptions& options) {
  const auto [mean, deviation] = options.normalisation;
  if (mean.size() != deviation.size() || (!mean.empty() && mean.size() != options.channels)) {
    throw usage_error("normalisation with {} means and {} deviations for images of {} channels.",
                      mean.size(), deviation.size(), options.channels);
  }
  for (float d : deviation) {
    if (!(d > 0)) throw usage_error("normalisation by a deviation of {}: expected it above 0.", d);
  }
  AffineWarpProblem problem{1,           options.size, options.size, options.channels, options.size,
                            options.size};
  switch (options.augmentation.border) {
    case Border::nearest:
      problem.border = WarpBorder::nearest;
      break;
    case Border::reflect:
      problem.border = WarpBorder::reflect;
      break;
    case Border::constant:
      problem.border = WarpBorder::constant;
      break;
  }
  check(problem);
  return problem;
}

}  // namespace

Preparation::Preparation(const LoaderOptions& options)
    : problem_(make_problem(options)),
      row_(select<AffineWarpForward>(Device::cpu, problem_)),
      augmentation_(options.augmentation),
      seed_(options.seed) {
  for (std::size_t c = 0; c < problem_.c; ++c) {
    const bool given = !options.normalisation.mean.empty();
    const double mean = given ? options.normalisation.mean[c] : 0;
    const double deviation = given ? options.normalisation.deviation[c] : 1;
    scale_.push_back(static_cast<float>(1 / (255 * deviation)));
    shift_.push_back(static_cast<float>(-mean / deviation));
  }
}

// Without an augmentation the matrix is the identity and the gain 1: affine_warp then gives
// pixel * scale + shift to the last bit.
Draw Preparation::draw(std::uint64_t epoch, std::uint64_t index) const {
  if (!augmentation_.any()) return {{1, 0, 0, 0, 1, 0}, 1};
  return draw_augmentation(augmentation_, problem_.h, problem_.w, seed_, epoch, index);
}

void Preparation::fill(const Image& image, std::uint64_t epoch, std::uint64_t index,
                       float* out) const {
  const Draw drawn = draw(epoch, index);
  const Workspace workspace = workspace_for(row_, problem_);
  Launch launch;
  launch.workspace = workspace.data();
  row_.run(launch, problem_, image.pixels.data(), drawn.matrix.data(), &drawn.gain, scale_.data(),
           shift_.data(), out);
}

}  // namespace hilum
