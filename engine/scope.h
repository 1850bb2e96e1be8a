// Which module is running: the dotted path that names parameters, rows of the profile and dropout
// streams. Kept by Module's call on the way forward and by the tape on the way back.
#pragma once

#include <string>

namespace hilum {

// "features.3"; empty outside of any module.
const std::string& module_path();

// Sets the path while it lives.
class PathScope {
 public:
  explicit PathScope(std::string path);
  ~PathScope();
  PathScope(const PathScope&) = delete;
  PathScope& operator=(const PathScope&) = delete;

 private:
  std::string before_;
};

// "a" and "b" give "a.b"; an empty name adds nothing.
std::string join_path(const std::string& parent, const std::string& name);

}  // namespace hilum
