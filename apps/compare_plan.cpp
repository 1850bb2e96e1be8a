// Manifests, folds and the list of runs.
#include "apps/compare_plan.h"

#include <algorithm>

#include "apps/prepare.h"
#include "data/dataset.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

fs::path splits_folder(const CompareFlags& flags) { return fs::path(flags.train.out) / "splits"; }

fs::path manifest_of(const CompareFlags& flags, std::size_t fold) {
  return splits_folder(flags) / fmt::format("fold-{}.csv", fold);
}

Dataset only(const Dataset& dataset, const std::vector<std::size_t>& which) {
  Dataset part = dataset;
  part.items.clear();
  for (const std::size_t i : which) part.items.push_back(dataset.items[i]);
  return part;
}

// fold[i] of each image: one fold after another is drawn as the test part of what is left, so that
// each has its share of every class and groups stay together.
std::vector<std::size_t> draw_folds(const Dataset& dataset, std::size_t folds, std::uint64_t seed) {
  std::vector<std::size_t> fold(dataset.items.size(), folds - 1);
  std::vector<std::size_t> left(dataset.items.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  for (std::size_t f = 0; f + 1 < folds; ++f) {
    Dataset rest = only(dataset, left);
    const double share = 1 / static_cast<double>(folds - f);
    assign_splits(rest, {1 - share, 0, share}, seed + f);
    std::vector<std::size_t> still;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (rest.items[i].split == "test") {
        fold[left[i]] = f;
      } else {
        still.push_back(left[i]);
      }
    }
    left = still;
  }
  return fold;
}

void write_folds(const CompareFlags& flags, Dataset dataset) {
  std::vector<std::size_t> usable;
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    if (dataset.items[i].split != "test") usable.push_back(i);
  }
  const Dataset whole = only(dataset, usable);
  const std::vector<std::size_t> fold = draw_folds(whole, flags.folds, flags.train.seed);
  const SplitFractions fractions = parse_split(flags.train.split);
  const double kept = fractions.train + fractions.val;
  for (std::size_t f = 0; f < flags.folds; ++f) {
    Dataset one = whole;
    std::vector<std::size_t> rest;
    for (std::size_t i = 0; i < one.items.size(); ++i) {
      one.items[i].split = "test";
      if (fold[i] != f) rest.push_back(i);
    }
    Dataset learning = only(one, rest);
    assign_splits(learning, {fractions.train / kept, fractions.val / kept, 0}, flags.train.seed);
    for (std::size_t i = 0; i < rest.size(); ++i) {
      one.items[rest[i]].split = learning.items[i].split;
    }
    write_manifest(manifest_of(flags, f), one);
  }
}

}  // namespace

std::string folder_name(const std::string& net) {
  std::string name = net;
  for (char& c : name) {
    if (c == ':' || c == '/') c = '-';
  }
  return name;
}

std::vector<std::string> PlannedRun::command() const {
  std::vector<std::string> words = {
      "train",  "--net",           net,     "--seed",        std::to_string(seed),
      "--data", manifest.string(), "--out", folder.string(), "--resume"};
  for (const auto& [name, value] : arguments) {
    words.push_back("--" + name);
    if (!value.empty()) words.push_back(value);
  }
  return words;
}

std::string PlannedRun::label() const {
  std::string text = fmt::format("{}, seed {}", net, seed);
  return manifest.stem() == "fold-0" && fold == 0 ? text : fmt::format("{}, fold {}", text, fold);
}

bool PlannedRun::complete() const {
  const RunFolder run{folder};
  if (!fs::exists(run.val_predictions()) || !fs::exists(run.about())) return false;
  const nlohmann::json about = parse_json_or_discard(read_file(run.about()));
  const std::string state = about.is_object() ? about.value("state", "") : "";
  return state == "finished" || state == "stopped early";
}

std::vector<fs::path> write_splits(const CompareFlags& flags, const Session& session) {
  std::vector<fs::path> manifests;
  for (std::size_t f = 0; f < std::max<std::size_t>(flags.folds, 1); ++f) {
    manifests.push_back(manifest_of(flags, f));
  }
  if (std::all_of(manifests.begin(), manifests.end(),
                  [](const fs::path& p) { return fs::exists(p); })) {
    return manifests;
  }
  Dataset dataset = open_dataset(flags.train.data, {}, flags.train.skip_bad, session);
  hash_files(dataset);
  if (flags.folds != 0) {
    write_folds(flags, dataset);
    return manifests;
  }
  split_for_training(dataset, parse_split(flags.train.split), flags.train.seed, session);
  write_manifest(manifests[0], dataset);
  return manifests;
}

fs::path search_manifest(const CompareFlags& flags) {
  const fs::path path = splits_folder(flags) / "search.csv";
  if (fs::exists(path)) return path;
  Dataset dataset = read_dataset(manifest_of(flags, 0));
  std::erase_if(dataset.items, [](const Item& item) { return item.split == "test"; });
  write_manifest(path, dataset);
  return path;
}

std::vector<PlannedRun> plan_runs(const CompareFlags& flags, const TrainArguments& shared,
                                  const std::map<std::string, TrainArguments>& tuned,
                                  const std::vector<fs::path>& manifests) {
  std::vector<PlannedRun> runs;
  for (const std::string& net : flags.nets) {
    TrainArguments arguments = shared;
    if (const auto found = tuned.find(net); found != tuned.end()) {
      for (const auto& [name, value] : found->second) arguments[name] = value;
    }
    for (std::size_t s = 0; s < flags.seeds; ++s) {
      for (std::size_t f = 0; f < manifests.size(); ++f) {
        const std::uint64_t seed = flags.train.seed + s;
        std::string name = fmt::format("{}-s{}", folder_name(net), seed);
        if (flags.folds != 0) name += fmt::format("-f{}", f);
        runs.push_back({net, seed, f, fs::path(flags.train.out) / name, manifests[f], arguments});
      }
    }
  }
  return runs;
}

}  // namespace hilum
