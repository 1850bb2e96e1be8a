// Images as they come from decoding and resizing, kept in memory: a file is decoded once, however
// many epochs, loaders and measurements ask for it.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "data/image.h"

namespace hilum {

class ImageCache {
 public:
  // Images of size x size pixels, as many as `bytes` hold; the first to come stay. Usage errors: a
  // size of zero, channels other than 1 or 3.
  ImageCache(std::size_t size, std::size_t channels, std::size_t bytes);

  // From memory, else from the file; data errors as read_scan. May be called from many threads.
  std::shared_ptr<const Image> get(const std::filesystem::path& path);

  std::size_t size() const { return size_; }
  std::size_t channels() const { return channels_; }
  std::size_t bytes_of_one() const { return size_ * size_ * channels_ + sizeof(Image); }
  std::size_t files_read() const { return files_read_; }  // so far

 private:
  const std::size_t size_, channels_;
  std::atomic<std::size_t> files_read_ = 0;
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::shared_ptr<const Image>> images_;
  std::size_t room_;  // for so many more
};

}  // namespace hilum
