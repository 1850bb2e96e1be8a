// The two forms in which a set may come, read_dataset() chooses between them. Internal to data/.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/dataset.h"

namespace hilum {

// Both fill dataset.items (unsorted) and notes, and dataset.classes where it is empty; dataset.root
// is set by the caller.
void read_folder_set(Dataset& dataset);
void read_manifest(Dataset& dataset, const std::filesystem::path& path);

// Adds a note where a leak of this set was found and allowed (audit.h).
void note_allowed_leakage(Dataset& dataset, const std::filesystem::path& data);

// Whether the file begins with a header that names path and label. False where it cannot be read.
bool is_manifest(const std::filesystem::path& path);

// "train", "val" or "test" from a folder's or manifest's spelling.
std::optional<std::string> split_of(std::string name);

// A note that is there already is not added again.
void add_note(Dataset& dataset, std::string note);
// Says that class name `found` is read as `used`, where they differ.
void note_name(Dataset& dataset, const std::string& where, const std::string& found,
               const std::string& used);

}  // namespace hilum
