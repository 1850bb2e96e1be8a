// One family of exceptions for the whole house. Libraries throw, main() catches once and turns the
// kind into the exit code; nothing below apps/ prints or exits.
//
// Message template: `<what> <with shapes or path>: what is wrong. Expected, got. What to do.`
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace hilum {

// The value is the exit code of the program.
enum class ErrorKind {
  check = 1,   // a check failed: an audit, a comparison, an expectation
  usage = 2,   // flags, configuration, shapes that do not fit together
  data = 3,    // files: images, manifests, checkpoints, a full disk
  device = 4,  // a device or a kernel row that is asked for by name and cannot run
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

template <class... Args>
Error usage_error(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorKind::usage, fmt::format(format, std::forward<Args>(args)...)};
}

template <class... Args>
Error data_error(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorKind::data, fmt::format(format, std::forward<Args>(args)...)};
}

template <class... Args>
Error device_error(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorKind::device, fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace hilum
