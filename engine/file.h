// Files, safely: whole-file reads with clear errors, writes that are all or nothing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hilum {

// Writes to a temporary name in the same folder, syncs and renames, so that a reader sees the old
// file or the new one, never a part. Creates missing parent folders. A full disk or a folder
// without permission is a data error that names the file; the temporary file is removed.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// Several pieces, written one after another without joining them in memory first.
void write_file_atomically(const std::filesystem::path& path,
                           const std::vector<std::string_view>& pieces);

// The whole file. A missing or unreadable one is a data error that says which and why.
std::string read_file(const std::filesystem::path& path);

}  // namespace hilum
