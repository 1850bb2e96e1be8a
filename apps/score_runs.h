// From the folders of finished runs to the rows of a comparison: predictions are read, or made
// where they are missing.
#pragma once

#include <filesystem>
#include <vector>

#include "apps/compare_plan.h"
#include "apps/comparison.h"

namespace hilum {

struct ScoreOptions {
  std::string split;  // empty: test if the manifests have one, else val
  EvaluationOptions evaluation;
  std::size_t tta = 0, batch = 64;
  std::string augment = "none";  // what tta draws from
};

// Appends rows: a row a network that has at least one complete seed, an ensemble of all
// networks, test-time augmentation. A run whose predictions cannot be made is a failure, not an
// error.
void score_runs(Comparison& comparison, const std::vector<PlannedRun>& runs,
                const ScoreOptions& options, Device device, const Session& session);

// Counts one look for the whole comparison at each test split (one a fold) in the ledger.
void count_looks(const std::vector<PlannedRun>& runs, const Session& session,
                 const std::filesystem::path& out);

}  // namespace hilum
