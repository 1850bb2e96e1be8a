// Matching of class names, see class_names.h.
#include "data/class_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "kernels/error.h"

namespace hilum {
namespace {

bool equal_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// The best match; several equally good ones end up in `rivals`.
std::optional<std::size_t> find_class(std::string_view name,
                                      const std::vector<std::string>& classes,
                                      std::vector<std::string>& rivals) {
  const auto exact = std::find(classes.begin(), classes.end(), name);
  if (exact != classes.end()) return exact - classes.begin();
  for (auto matches : {equal_letters, same_class}) {
    std::optional<std::size_t> found;
    rivals.clear();
    for (std::size_t i = 0; i < classes.size(); ++i) {
      if (matches(name, classes[i])) found = i, rivals.push_back(classes[i]);
    }
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace

bool same_class(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (!equal_letters(a, b.substr(0, a.size()))) return false;
  return a.size() == b.size() ||
         (!a.empty() && std::string_view("_-. ").find(b[a.size()]) != std::string_view::npos);
}

std::size_t match_class(std::string_view name, const std::vector<std::string>& classes,
                        const std::string& where) {
  std::vector<std::string> rivals;
  const auto found = find_class(name, classes, rivals);
  if (rivals.size() > 1) {
    throw data_error("{}: class '{}' could be any of {}. Rename it to one of them.", where, name,
                     fmt::join(rivals, ", "));
  }
  if (!found) {
    throw data_error(
        "{}: class '{}' is in no class list. Expected one of {}. Rename it or take it out.", where,
        name, fmt::join(classes, ", "));
  }
  return *found;
}

std::vector<std::string> merge_classes(const std::vector<std::vector<std::string>>& by_split) {
  std::vector<std::string> merged;
  for (const auto& names : by_split) {
    // Matched against the earlier splits only, all of this split at once.
    const std::vector<std::string> earlier = merged;
    std::vector<std::string> taken(earlier.size());
    for (const std::string& name : names) {
      std::vector<std::string> rivals;
      const auto found = find_class(name, earlier, rivals);
      if (rivals.size() > 1) {
        throw data_error(
            "class '{}' of one split could be any of {} of another. Rename the folders.", name,
            fmt::join(rivals, ", "));
      }
      if (!found) {
        merged.push_back(name);
        continue;
      }
      if (!taken[*found].empty()) {
        throw data_error(
            "classes '{}' and '{}' of one split could both be '{}' of another. Rename the folders.",
            taken[*found], name, earlier[*found]);
      }
      taken[*found] = name;
      if (name.size() < merged[*found].size()) merged[*found] = name;
    }
  }
  std::sort(merged.begin(), merged.end());
  return merged;
}

}  // namespace hilum
