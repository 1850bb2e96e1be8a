// What would make an accuracy untrue, found before anything is trained: copies and near copies,
// above all across splits and under two labels; patients on both sides; files that cannot be read
// or do not look like a CT slice.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/survey.h"

namespace hilum {

// In order of gravity, which is the order of a report.
enum class FindingKind {
  exact_copy,      // the same bytes
  same_pixels,     // other bytes, the same pixels
  near_duplicate,  // see near_duplicates.h
  group_overlap,   // a group (patient) in several splits
  odd_label,       // an image whose class is not that of the rest of its group
  unreadable,
  changed,     // other bytes than its manifest has the hash of
  not_ct,      // colour, an unusual shape, empty
  misnamed,    // a JPEG file named .png: a name that may go with a class
  class_name,  // one class under two names
};
const char* finding_name(FindingKind kind);

struct Finding {
  FindingKind kind;
  std::vector<std::size_t> items;  // of the set; empty for class_name
  bool across_splits = false;
  bool labels_differ = false;
  double alike = 1;  // near_duplicate: correlation of detail
  std::string text;  // group_overlap: the group; from unreadable on: what is wrong

  // A copy or a patient on both sides, or one picture under two labels.
  bool leak() const;
};

struct Audit {
  std::size_t images = 0;
  std::vector<Finding> findings;  // leaks first, labels that differ above all
  // The search for near duplicates: pairs of hashes, pairs of pictures fitted, and how long.
  std::size_t compared = 0, fitted = 0;
  double seconds = 0;

  std::size_t leaks() const;
  std::size_t count(FindingKind kind, bool leaks_only = false) const;
};

Audit audit(const Dataset& dataset, const Survey& survey);

// The set without what must not be in it: unreadable files, pictures under two labels, all but one
// of exact copies, and of what stands in several splits (copies, near duplicates, groups) all that
// is not in the first of train, val, test.
Dataset cleaned(const Dataset& dataset, const Audit& audit);

std::string format_audit(const Dataset& dataset, const Audit& audit, std::size_t most_lines = 10);
nlohmann::json to_json(const Dataset& dataset, const Audit& audit);

// Takes each image's group from its path below the root: the first bracket of the regular
// expression, or all that matches. Where nothing matches the group stays as it is. Usage error for
// an expression that cannot be read. Returns how many matched.
std::size_t apply_group_rule(Dataset& dataset, const std::string& rule);

// Remembers that leaks of this set are known and allowed, in a file beside it that read_dataset
// turns into a note, so that every later report shows it: DIR/audit.json or MANIFEST.audit.json.
std::filesystem::path allow_leakage(const std::filesystem::path& data, const Dataset& dataset,
                                    const Audit& audit);

}  // namespace hilum
