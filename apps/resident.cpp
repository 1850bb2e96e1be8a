// Sending images to the device once, and an affine_warp for each of a batch.
#include "apps/resident.h"

#include <cstring>

#include "kernels/dispatch.h"
#include "kernels/error.h"

namespace hilum {
namespace {

Tensor of_bytes(const std::vector<std::uint8_t>& bytes, Device device) {
  std::vector<float> words((bytes.size() + 3) / 4);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return Tensor::from(words, {words.size()}).to(device);
}

}  // namespace

ResidentImages::ResidentImages(const LoaderOptions& options, Device device)
    : preparation_(options),
      device_(device),
      scale_(Tensor::from(preparation_.scale(), {preparation_.scale().size()}).to(device)),
      shift_(Tensor::from(preparation_.shift(), {preparation_.shift().size()}).to(device)) {}

bool ResidentImages::has(std::size_t item) const {
  const std::lock_guard lock(mutex_);
  return images_.count(item) > 0;
}

Tensor ResidentImages::prepare(const Batch& batch) {
  const AffineWarpProblem& problem = preparation_.problem();
  std::vector<float> matrices, gains;
  for (std::size_t item : batch.index) {
    const Draw draw = preparation_.draw(batch.epoch, item);
    matrices.insert(matrices.end(), draw.matrix.begin(), draw.matrix.end());
    gains.push_back(draw.gain);
  }
  const Tensor matrix = Tensor::from(matrices, {batch.n, 6}).to(device_);
  const Tensor gain = Tensor::from(gains, {batch.n}).to(device_);
  Tensor pixels = Tensor::empty({batch.n, problem.h, problem.w, problem.c}, device_);
  for (std::size_t i = 0; i < batch.n; ++i) {
    Tensor image;
    {
      const std::lock_guard lock(mutex_);
      Tensor& kept = images_[batch.index[i]];
      if (!kept.defined()) kept = of_bytes(batch.images.at(i)->pixels, device_);
      image = kept;
    }
    run<AffineWarpForward>(device_, problem,
                           reinterpret_cast<const std::uint8_t*>(std::as_const(image).data()),
                           matrix.data() + 6 * i, gain.data() + i, std::as_const(scale_).data(),
                           std::as_const(shift_).data(), pixels.data() + i * preparation_.floats());
  }
  return pixels;
}

}  // namespace hilum
