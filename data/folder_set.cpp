// Sets whose folders say it all: root/<class>/… or root/<split>/<class>/…
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "data/class_names.h"
#include "data/read_set.h"
#include "kernels/error.h"

namespace hilum {

namespace fs = std::filesystem;

namespace {

// What desktops, and an audit, leave in folders. Hidden files (.DS_Store among them) are never
// looked at.
bool is_litter(const std::string& name) {
  return name == "Thumbs.db" || name == "desktop.ini" || name == "audit.json";
}

struct Listing {
  std::vector<fs::path> folders, files;  // sorted by name
};

Listing list_folder(const fs::path& folder) {
  Listing listing;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.') || is_litter(name)) continue;
      std::error_code ignored;  // a dangling link is a file that cannot be read
      (entry.is_directory(ignored) ? listing.folders : listing.files).push_back(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    throw data_error("{}: the folder cannot be read: {}.", folder.string(), error.code().message());
  }
  std::sort(listing.folders.begin(), listing.folders.end());
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

// Every file below a class folder; the first folder below it names the patient or scan. The depth
// limit ends loops of links.
void collect(const fs::path& folder, const std::string& group, std::size_t depth,
             std::vector<Item>& items) {
  if (depth > 8) {
    throw data_error("{}: folders are nested too deeply. Expected root/<class>/<patient>/image.",
                     folder.string());
  }
  const Listing listing = list_folder(folder);
  for (const fs::path& file : listing.files) items.push_back({file, 0, "", group});
  for (const fs::path& sub : listing.folders) {
    collect(sub, group.empty() ? sub.filename().string() : group, depth + 1, items);
  }
}

struct ClassFolder {
  fs::path path;
  std::string split;
};

std::string names_of(const std::vector<fs::path>& paths) {
  std::string names;
  for (std::size_t i = 0; i < paths.size() && i < 5; ++i) {
    names += (i ? ", " : "") + paths[i].filename().string();
  }
  return paths.size() > 5 ? names + fmt::format(" and {} more", paths.size() - 5) : names;
}

// The class folders of a set and the splits they stand in.
std::vector<ClassFolder> find_class_folders(const fs::path& root, std::vector<std::string>& notes) {
  const Listing top = list_folder(root);
  if (!top.files.empty()) {
    notes.push_back(fmt::format("{}: {} left out, as they lie in no class folder: {}",
                                root.string(), top.files.size(), names_of(top.files)));
  }
  std::map<std::string, fs::path> splits;
  std::vector<fs::path> others;
  for (const fs::path& folder : top.folders) {
    const auto split = split_of(folder.filename().string());
    if (!split) {
      others.push_back(folder);
    } else if (!splits.emplace(*split, folder).second) {
      throw data_error("{}: folders {} and {} are both the split '{}'. Keep one of them.",
                       root.string(), splits[*split].filename().string(),
                       folder.filename().string(), *split);
    }
  }
  std::vector<ClassFolder> result;
  if (splits.empty()) {
    for (const fs::path& folder : others) result.push_back({folder, ""});
  } else {
    if (!others.empty()) {
      notes.push_back(fmt::format("{}: folders beside the splits left out: {}", root.string(),
                                  names_of(others)));
    }
    for (const auto& [split, folder] : splits) {
      const Listing inside = list_folder(folder);
      if (inside.folders.empty()) {
        throw data_error("{}: no class folders in it. Expected {}/<class>/images.", folder.string(),
                         folder.string());
      }
      if (!inside.files.empty()) {
        notes.push_back(fmt::format("{}: {} left out, as they lie in no class folder: {}",
                                    folder.string(), inside.files.size(), names_of(inside.files)));
      }
      for (const fs::path& path : inside.folders) result.push_back({path, split});
    }
  }
  if (result.empty()) {
    throw data_error(
        "{}: {}. Expected {}/<class>/images, {}/train/<class>/images, or a CSV manifest.",
        root.string(), top.files.empty() ? "the folder is empty" : "files but no class folders",
        root.string(), root.string());
  }
  return result;
}

}  // namespace

void read_folder_set(Dataset& dataset) {
  const std::vector<ClassFolder> folders = find_class_folders(dataset.root, dataset.notes);
  if (dataset.classes.empty()) {
    std::map<std::string, std::vector<std::string>> by_split;
    for (const auto& [path, split] : folders) by_split[split].push_back(path.filename().string());
    std::vector<std::vector<std::string>> names;
    for (auto& [split, list] : by_split) names.push_back(std::move(list));
    dataset.classes = merge_classes(names);
  }
  for (const auto& [path, split] : folders) {
    const std::string name = path.filename().string();
    const std::size_t label = match_class(name, dataset.classes, path.string());
    note_name(dataset, split.empty() ? dataset.root.string() : split, name, dataset.classes[label]);
    const std::size_t before = dataset.items.size();
    collect(path, "", 0, dataset.items);
    if (dataset.items.size() == before) {
      throw data_error("{}: a class with no image. Fill the folder or remove it.", path.string());
    }
    for (std::size_t i = before; i < dataset.items.size(); ++i) {
      dataset.items[i].label = label;
      dataset.items[i].split = split;
    }
  }
}

}  // namespace hilum
