// test-ledger.csv: how often a test split was looked at. A test set is worth what it was when it
// was looked at for the first time; each look after which something was changed makes it a
// validation set. The file stands in the folder of the runs: the first one found above a run, else
// the run's parent folder.
#pragma once

#include <filesystem>
#include <string>

#include "data/dataset.h"

namespace hilum {

// A name for a set of images that stays the same when they are moved: 16 hexadecimal digits from
// their classes, file names and sizes, in any order.
std::string split_hash(const Dataset& dataset, const std::vector<std::size_t>& which);

struct Looks {
  std::filesystem::path ledger;
  std::size_t count = 0;  // of this split, so far
};
Looks looks_at(const std::filesystem::path& run, const std::string& hash);

// Adds one, and returns the new count. `what`: the command, `images`: how many there are.
Looks record_look(const std::filesystem::path& run, const std::string& hash, std::size_t images,
                  const std::string& what);

}  // namespace hilum
