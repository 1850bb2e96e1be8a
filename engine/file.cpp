// POSIX side of file.h.
#include "engine/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/error.h"

namespace hilum {
namespace {

// An open descriptor and the temporary file behind it; both go away unless release() was called.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target) : target_(target) {
    name_ = target.string() + fmt::format(".{}.tmp", ::getpid());
    descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail("cannot be created");
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        fail("cannot be written");
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void rename_to_target() {
    if (::fsync(descriptor_) != 0) fail("cannot be written");
    const int descriptor = descriptor_;
    descriptor_ = -1;
    if (::close(descriptor) != 0) fail("cannot be written");
    if (::rename(name_.c_str(), target_.c_str()) != 0) fail("cannot be put in place");
    name_.clear();
    // The folder too, so that the new name outlives a power cut.
    std::filesystem::path folder = target_.parent_path();
    if (folder.empty()) folder = ".";
    const int folder_descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_descriptor >= 0) {
      ::fsync(folder_descriptor);
      ::close(folder_descriptor);
    }
  }

 private:
  [[noreturn]] void fail(const char* what) {
    throw data_error("{}: {}: {}. Nothing was changed. Free space or choose another folder.",
                     target_.string(), what, std::strerror(errno));
  }

  std::filesystem::path target_;
  std::string name_;
  int descriptor_ = -1;
};

}  // namespace

void write_file_atomically(const std::filesystem::path& path,
                           const std::vector<std::string_view>& pieces) {
  if (path.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) {
      throw data_error("{}: folder cannot be created: {}. Choose another place.",
                       path.parent_path().string(), error.message());
    }
  }
  TemporaryFile file(path);
  for (std::string_view piece : pieces) file.write(piece);
  file.rename_to_target();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  write_file_atomically(path, std::vector<std::string_view>{bytes});
}

InputFile::InputFile(const std::filesystem::path& path) : path_(path.string()) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
    const int reason = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw data_error("{}: cannot be opened: {}.", path_, std::strerror(reason));
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw data_error("{}: is not a file.", path_);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(std::uint64_t offset, void* to, std::size_t bytes) const {
  char* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t count = ::pread(descriptor_, at, bytes, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      throw data_error("{}: cannot be read at byte {}: {}.", path_, offset,
                       count < 0 ? std::strerror(errno) : "the file ends");
    }
    at += count;
    offset += static_cast<std::uint64_t>(count);
    bytes -= static_cast<std::size_t>(count);
  }
}

std::string read_file(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    throw data_error("{}: cannot be opened: {}.", path.string(), std::strerror(errno));
  }
  std::string bytes;
  char buffer[1 << 16];
  while (true) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int reason = errno;
      ::close(descriptor);
      throw data_error("{}: cannot be read: {}.", path.string(), std::strerror(reason));
    }
    if (count == 0) break;
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(descriptor);
  return bytes;
}

}  // namespace hilum
