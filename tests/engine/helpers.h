// Small things that the tests of engine/ and nets/ share.
#pragma once

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "kernels/philox.h"

namespace hilum::test {

// Standard normal numbers.
inline Tensor random_tensor(const Shape& shape, std::uint64_t seed, float scale = 1) {
  const Philox random{seed};
  Tensor t = Tensor::empty(shape);
  for (std::size_t i = 0; i < t.count(); ++i) {
    t.data()[i] = scale * static_cast<float>(random.normal(i));
  }
  return t;
}

inline Tensor random_labels(std::size_t count, std::size_t classes, std::uint64_t seed) {
  const Philox random{seed};
  Tensor t = Tensor::empty({count}, Device::cpu, DType::i32);
  for (std::size_t i = 0; i < count; ++i) {
    t.labels()[i] = static_cast<std::int32_t>(random.below(i, classes));
  }
  return t;
}

// A folder of its own that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hilum_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Where the real data lies, and whether it is there.
inline std::filesystem::path data_folder() {
  if (const char* set = std::getenv("HILUM_DATA")) return set;
  return std::filesystem::path(HILUM_SOURCE_DIR) / ".." / "shared" / "data";
}

}  // namespace hilum::test
