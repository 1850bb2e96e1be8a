// What `hilum compare` is to do: which networks, seeds and folds, on which manifests, in which
// folders, with which options of `hilum train`.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/session.h"
#include "apps/train_flags.h"

namespace hilum {

struct CompareFlags {
  TrainFlags train;  // shared by all runs; seed is the first one and that of the splits
  std::vector<std::string> nets;
  std::size_t seeds = 3, folds = 0, search = 0, tta = 0;
  std::string split, positive;  // empty: test if there is one, else val
  bool no_probes = false;
};

// Options of `hilum train` by name, as text; "" is a flag that is set.
using TrainArguments = std::map<std::string, std::string>;

struct PlannedRun {
  std::string net;
  std::uint64_t seed = 0;
  std::size_t fold = 0;
  std::filesystem::path folder, manifest;
  TrainArguments arguments;  // without net, seed, data and out

  std::vector<std::string> command() const;
  std::string label() const;  // "cnn:l1, seed 2, fold 3"
  // Training has ended and its validation predictions are there.
  bool complete() const;
};

// OUT/splits/fold-<i>.csv for each fold (one where there are none): the set with its splits drawn,
// the same for every network and seed. With folds each image that is not in the set's own test part
// is a test image of exactly one fold, groups stay together, and validation images are drawn from
// the rest. Files that are there are kept. Without `test`, test images are left out of the copy
// OUT/splits/search.csv, which the search sees.
std::vector<std::filesystem::path> write_splits(const CompareFlags& flags, const Session& session);
std::filesystem::path search_manifest(const CompareFlags& flags);

// Every run, network by network; `tuned` holds what a search found for a network.
std::vector<PlannedRun> plan_runs(const CompareFlags& flags, const TrainArguments& shared,
                                  const std::map<std::string, TrainArguments>& tuned,
                                  const std::vector<std::filesystem::path>& manifests);

// "cnn:l1" as a folder's name.
std::string folder_name(const std::string& net);

}  // namespace hilum
