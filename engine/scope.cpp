// Per-thread state of scope.h.
#include "engine/scope.h"

#include <utility>

namespace hilum {
namespace {
thread_local std::string current_path;
}  // namespace

const std::string& module_path() { return current_path; }

PathScope::PathScope(std::string path) : before_(std::exchange(current_path, std::move(path))) {}

PathScope::~PathScope() { current_path = std::move(before_); }

std::string join_path(const std::string& parent, const std::string& name) {
  if (parent.empty()) return name;
  if (name.empty()) return parent;
  return parent + "." + name;
}

}  // namespace hilum
