// A labelled set of image files: which there are, their class, split and group (patient).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace hilum {

struct Item {
  std::filesystem::path path;
  std::size_t label = 0;    // index into Dataset::classes
  std::string split;        // "train", "val", "test", or empty where none is given
  std::string group;        // patient or scan; empty where unknown
  std::string sha256 = {};  // of the file, where a manifest has it; `data check` compares
};

struct Dataset {
  std::filesystem::path root;
  std::vector<std::string> classes;  // sorted
  std::vector<Item> items;           // sorted by path, so that order never depends on the disk
  std::vector<std::string> notes;    // what was matched or skipped, for the user to read

  std::vector<std::size_t> indices(const std::string& split) const;
  std::vector<std::size_t> count_by_class(const std::vector<std::size_t>& which) const;
};

// Reads what `path` is: a folder root/{train,val|valid|validation,test}/<class>/…, a folder
// root/<class>/… (a folder below a class folder names a patient: the group), a folder with a
// manifest.csv in it, or a CSV manifest `path,label[,split][,group]` with paths relative to it.
// Class folders that differ between splits by a suffix are matched by prefix; notes tell the
// mapping. Data errors: missing or empty folder, a class with no image, a label in no class list.
// With `classes` given (those of a trained network), names are matched to that list in its order.
Dataset read_dataset(const std::filesystem::path& path,
                     const std::vector<std::string>& classes = {});

struct SplitFractions {
  double train = 0.7, val = 0.15, test = 0.15;
};

// Gives every item a split: stratified by class, seeded; items of one group stay together. A data
// error where a split would leave a class empty.
void assign_splits(Dataset& dataset, const SplitFractions& fractions, std::uint64_t seed);

// The same for K parts of equal size: the fold of each item, 0 to folds - 1.
std::vector<std::size_t> assign_folds(const Dataset& dataset, std::size_t folds,
                                      std::uint64_t seed);
// Fold f becomes the test part, the next one val, the others train.
void use_fold(Dataset& dataset, const std::vector<std::size_t>& fold, std::size_t folds,
              std::size_t f);

// "0.7/0.1/0.2" or "0.8/0.2" (no test).
SplitFractions parse_split(const std::string& text);

// CSV with header path,label,split,group,sha256 (RFC 4180 quoting), paths relative to the file's
// folder where they lie below it. A hash that an item brings along stays, so that a file which was
// changed since is still found out; other files are read and hashed.
void write_manifest(const std::filesystem::path& path, Dataset dataset);
// Does that once, for a set that is written several times: SHA-256 of the files that have none yet.
void hash_files(Dataset& dataset);

// Decodes every file once, in parallel; returns those that cannot be used and why, in order. The
// reason does not repeat the path.
struct BadItem {
  std::size_t index;
  std::string reason;
};
// `read`: instead of decoding, for a caller that keeps what it reads.
std::vector<BadItem> find_bad_images(const Dataset& dataset,
                                     const std::function<void(const Item&)>& read = {});
// Takes them out. A data error where nothing is left, or the train split loses a class.
void remove_items(Dataset& dataset, const std::vector<BadItem>& bad);

}  // namespace hilum
