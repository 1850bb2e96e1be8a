// What the tests of data/ share: folders that go away, and small PNG and JPEG files of every kind,
// written byte by byte so that nothing of the code under test takes part in making them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kernels/error.h"

namespace hilum::test {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "hilum-data-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
    fs::permissions(path_, fs::perms(0755));
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

  fs::path write(const fs::path& relative, const std::string& bytes) const {
    const fs::path file = path_ / relative;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }

 private:
  fs::path path_;
};

// The folder of real sets; tests skip where it is absent.
inline fs::path real_data() {
  const char* given = std::getenv("HILUM_DATA");
  return given ? fs::path(given) : fs::path(HILUM_SOURCE_DIR) / "../shared/data";
}
#define HILUM_NEED_DATA(folder)                                                   \
  if (!fs::is_directory(real_data() / (folder))) {                                \
    GTEST_SKIP() << (real_data() / (folder)) << " is not there (set HILUM_DATA)"; \
  }

// Runs it and returns the message of the hilum::Error it must throw, of that kind.
template <class Call>
std::string message_of(ErrorKind kind, Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}
#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

struct PngSpec {
  std::uint32_t width = 16, height = 16;
  int depth = 8,
      colour = 0;  // PNG colour type: 0 gray, 2 colour, 3 palette, 4 gray+alpha, 6 +alpha
  bool interlaced = false;
  std::string palette, transparency;  // PLTE and tRNS as they are
};

// One PNG chunk with its checksum.
std::string png_chunk(const std::string& type, const std::string& data);
// A PNG of given samples, row by row, channel by channel, each as large as the depth allows.
std::string make_png(const PngSpec& spec, const std::vector<std::uint32_t>& samples);
// A gray PNG with a gradient, for tests that need some image.
std::string some_png(std::uint32_t width = 16, std::uint32_t height = 16, int bias = 0);
// A PNG of the given size whose pixel data inflates to `bytes` zeros.
std::string make_bomb(std::uint32_t side, std::size_t bytes);

// A 16 x 16 JPEG of one flat colour, `values` being its 1, 3 or 4 components as stored (Y; YCbCr;
// CMYK with Adobe's marker and its inverted values).
std::string make_jpeg(const std::vector<int>& values, bool progressive);

}  // namespace hilum::test
