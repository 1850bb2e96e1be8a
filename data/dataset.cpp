// A set as a whole: reading it, looking for gaps, finding and removing what cannot be read.
#include "data/dataset.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "data/image.h"
#include "data/read_set.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {

namespace fs = std::filesystem;

namespace {

// What is suspicious but may be meant.
void note_gaps(Dataset& dataset) {
  std::map<std::string, std::vector<std::size_t>> counts;
  std::map<std::string, std::map<std::string, std::size_t>> groups;
  for (const Item& item : dataset.items) {
    auto& count = counts[item.split];
    count.resize(dataset.classes.size());
    ++count[item.label];
    if (!item.group.empty()) ++groups[item.group][item.split];
  }
  for (const auto& [split, count] : counts) {
    for (std::size_t c = 0; c < count.size(); ++c) {
      if (count[c] > 0) continue;
      add_note(dataset,
               fmt::format("{}: no image of class '{}'",
                           split.empty() ? dataset.root.string() : split, dataset.classes[c]));
    }
  }
  std::size_t torn = 0;
  for (const auto& [group, splits] : groups) torn += splits.size() > 1;
  if (torn > 0) {
    add_note(dataset, fmt::format("{} of {} groups (patients) have images in more than one split: "
                                  "results will look too good",
                                  torn, groups.size()));
  }
}

// Nothing can be learned of a class without images; `before` says which there were.
void check_train_split(const Dataset& dataset, const std::vector<std::size_t>& before) {
  const std::vector<std::size_t> now = dataset.count_by_class(dataset.indices("train"));
  for (std::size_t c = 0; c < now.size(); ++c) {
    if (now[c] == 0 && before[c] > 0) {
      throw data_error(
          "{}: class '{}' has no image in the train split. Add some or remove the class.",
          dataset.root.string(), dataset.classes[c]);
    }
  }
}

}  // namespace

std::optional<std::string> split_of(std::string name) {
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name == "train" || name == "test") return name;
  if (name == "val" || name == "valid" || name == "validation") return "val";
  return std::nullopt;
}

void add_note(Dataset& dataset, std::string note) {
  auto& notes = dataset.notes;
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
}

void note_name(Dataset& dataset, const std::string& where, const std::string& found,
               const std::string& used) {
  if (found != used) {
    add_note(dataset, fmt::format("{}: '{}' is read as class '{}'", where, found, used));
  }
}

std::vector<std::size_t> Dataset::indices(const std::string& split) const {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].split == split) result.push_back(i);
  }
  return result;
}

std::vector<std::size_t> Dataset::count_by_class(const std::vector<std::size_t>& which) const {
  std::vector<std::size_t> counts(classes.size());
  for (std::size_t i : which) ++counts[items.at(i).label];
  return counts;
}

Dataset read_dataset(const fs::path& path, const std::vector<std::string>& classes) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    throw data_error("{}: no such folder or file. Expected a folder of images or a CSV manifest.",
                     path.string());
  }
  Dataset dataset;
  dataset.classes = classes;
  if (fs::is_directory(status)) {
    dataset.root = path;
    const fs::path manifest = path / "manifest.csv";
    if (is_manifest(manifest)) {
      add_note(dataset, fmt::format("{}: read through its manifest.csv", path.string()));
      read_manifest(dataset, manifest);
    } else {
      read_folder_set(dataset);
    }
  } else {
    dataset.root = path.parent_path();
    read_manifest(dataset, path);
  }
  try {  // later they are written as JSON, with what was trained
    json_text(nlohmann::json(dataset.classes));
  } catch (const Error& error) {
    throw data_error("{}: class {}", path.string(), error.what());
  }
  std::sort(dataset.items.begin(), dataset.items.end(),
            [](const Item& a, const Item& b) { return a.path < b.path; });
  // A trained network may be shown a set that lacks some of its classes.
  if (classes.empty() && !dataset.indices("train").empty()) {
    check_train_split(dataset, std::vector<std::size_t>(dataset.classes.size(), 1));
  }
  note_gaps(dataset);
  note_allowed_leakage(dataset, path);
  return dataset;
}

std::vector<BadItem> find_bad_images(const Dataset& dataset,
                                     const std::function<void(const Item&)>& read) {
  std::vector<std::string> reasons(dataset.items.size());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    const std::string path = dataset.items[i].path.string();
    try {
      read ? read(dataset.items[i]) : static_cast<void>(read_scan(dataset.items[i].path, 3));
    } catch (const std::exception& error) {
      const std::string_view what = error.what();
      reasons[i] = what.starts_with(path) ? what.substr(path.size() + 2) : what;
    }
  }
  std::vector<BadItem> bad;
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (!reasons[i].empty()) bad.push_back({i, reasons[i]});
  }
  return bad;
}

void remove_items(Dataset& dataset, const std::vector<BadItem>& bad) {
  const std::vector<std::size_t> before = dataset.count_by_class(dataset.indices("train"));
  std::vector<bool> drop(dataset.items.size());
  for (const BadItem& item : bad) drop.at(item.index) = true;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    if (drop[i]) continue;
    if (kept != i) dataset.items[kept] = std::move(dataset.items[i]);
    ++kept;
  }
  dataset.items.resize(kept);
  if (kept == 0) {
    throw data_error("{}: none of {} images can be read.", dataset.root.string(), drop.size());
  }
  check_train_split(dataset, before);
  note_gaps(dataset);
}

}  // namespace hilum
