// Files, safely: whole-file reads with clear errors, writes that are all or nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hilum {

// Writes to a temporary name in the same folder, syncs and renames, so that a reader sees the old
// file or the new one, never a part. Creates missing parent folders. A full disk or a folder
// without permission is a data error that names the file; the temporary file is removed.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// Several pieces, written one after another without joining them in memory first.
void write_file_atomically(const std::filesystem::path& path,
                           const std::vector<std::string_view>& pieces);

// A file open for reading at any place. Data errors name it.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);  // a plain file, nothing else
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  // A data error where the file ends before `bytes` have been read.
  void read(std::uint64_t offset, void* to, std::size_t bytes) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

// The whole file. A missing or unreadable one is a data error that says which and why.
std::string read_file(const std::filesystem::path& path);

}  // namespace hilum
