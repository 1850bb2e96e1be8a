// Cleaning a set, and remembering that a leak was allowed.
#include <fmt/format.h>

#include "data/audit.h"
#include "data/read_set.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

// train, val and test; what has no split comes first.
int rank_of(const std::string& split) {
  return split == "test" ? 3 : split == "val" ? 2 : split == "train" ? 1 : 0;
}

fs::path audit_file(const fs::path& data) {
  std::error_code ignored;
  return fs::is_directory(data, ignored) ? data / "audit.json"
                                         : fs::path(data.string() + ".audit.json");
}

void drop_copies(const Dataset& dataset, const Finding& finding, std::vector<bool>& drop) {
  const bool exact =
      finding.kind == FindingKind::exact_copy || finding.kind == FindingKind::same_pixels;
  if (finding.kind != FindingKind::group_overlap && finding.labels_differ) {
    for (const std::size_t i : finding.items) drop[i] = true;
    return;
  }
  if (!exact && !finding.across_splits) return;
  // What an earlier finding took out protects nothing.
  std::size_t keep = SIZE_MAX;
  for (const std::size_t i : finding.items) {
    if (drop[i]) continue;
    if (keep == SIZE_MAX || rank_of(dataset.items[i].split) < rank_of(dataset.items[keep].split))
      keep = i;
  }
  for (const std::size_t i : finding.items) {
    const bool same_side = keep != SIZE_MAX && dataset.items[i].split == dataset.items[keep].split;
    if (i != keep && (exact || !same_side)) drop[i] = true;
  }
}

}  // namespace

Dataset cleaned(const Dataset& dataset, const Audit& audit) {
  std::vector<bool> drop(dataset.items.size());
  for (const Finding& finding : audit.findings) {
    if (finding.kind == FindingKind::unreadable) drop[finding.items[0]] = true;
    if (finding.kind <= FindingKind::group_overlap) drop_copies(dataset, finding, drop);
  }
  Dataset result = dataset;
  result.items.clear();
  for (std::size_t i = 0; i < dataset.items.size(); ++i)
    if (!drop[i]) result.items.push_back(dataset.items[i]);
  if (result.items.empty()) {
    throw data_error("{}: nothing is left once it is cleaned. Look at what the check found.",
                     dataset.root.string());
  }
  return result;
}

fs::path allow_leakage(const fs::path& data, const Dataset& dataset, const Audit& audit) {
  const fs::path file = audit_file(data);
  nlohmann::json json = to_json(dataset, audit);
  json["allow_leakage"] = true;
  write_file_atomically(file, json_text(json, 2) + '\n');
  return file;
}

void note_allowed_leakage(Dataset& dataset, const fs::path& data) {
  const fs::path file = audit_file(data);
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return;
  const nlohmann::json json = parse_json_or_discard(read_file(file));
  if (!json.is_object() || !json.contains("leaks") || !json["leaks"].is_number_unsigned()) {
    throw data_error("{}: not what `hilum data check --allow-leakage` writes. Remove it.",
                     file.string());
  }
  add_note(dataset, fmt::format("{} leaks were found and allowed (--allow-leakage): results will "
                                "look too good",
                                json["leaks"].get<std::size_t>()));
}

}  // namespace hilum
