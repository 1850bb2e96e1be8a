// A run folder and the files in it. Each file is written whole or not at all, so whatever happens
// the folder holds what the last finished step of the work left.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/evaluation.h"
#include "apps/trainer.h"

namespace hilum {

struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path config() const { return path / "config.toml"; }
  std::filesystem::path about() const { return path / "run.json"; }
  std::filesystem::path history() const { return path / "history.csv"; }
  std::filesystem::path best() const { return path / "best.safetensors"; }
  std::filesystem::path last() const { return path / "last.ckpt"; }
  std::filesystem::path predictions() const { return path / "predictions.csv"; }
  // Of the validation images, written when training ends; temperature and threshold come from it.
  std::filesystem::path val_predictions() const { return path / "val_predictions.csv"; }
  std::filesystem::path report() const { return path / "report.html"; }
  std::filesystem::path metrics() const { return path / "metrics.json"; }
  std::filesystem::path profile() const { return path / "profile.csv"; }
  std::filesystem::path trace() const { return path / "trace.json"; }

  // Not there, or nothing in it.
  bool empty() const;
  // Data error where `path` is a file or cannot be made or written to.
  void create() const;
  // Removes the files that a run writes, and nothing else.
  void clear() const;
  // Removes what a killed program left: temporary files of this folder's own names.
  void remove_leftovers() const;
};

std::string history_csv(const std::vector<EpochRow>& history);

// predictions.csv and metrics.json of one split.
void write_results(const RunFolder& run, const Evaluation& evaluation);

}  // namespace hilum
