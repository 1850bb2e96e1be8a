// Looking up, decoding and keeping images.
#include "data/image_cache.h"

#include "kernels/error.h"

namespace hilum {

ImageCache::ImageCache(std::size_t size, std::size_t channels, std::size_t bytes)
    : size_(size), channels_(channels) {
  if (size == 0 || (channels != 1 && channels != 3)) {
    throw usage_error(
        "images of size {} with {} channels: expected a size above 0 and 1 or 3 channels.", size,
        channels);
  }
  room_ = bytes / bytes_of_one();
}

std::shared_ptr<const Image> ImageCache::get(const std::filesystem::path& path) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = images_.find(path.native());
    if (found != images_.end()) return found->second;
  }
  const auto image =
      std::make_shared<const Image>(resize(read_scan(path, channels_), size_, size_));
  ++files_read_;
  const std::lock_guard lock(mutex_);
  if (room_ > 0 && images_.emplace(path.native(), image).second) --room_;
  return image;
}

}  // namespace hilum
