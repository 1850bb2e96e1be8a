// What is known of a set before any network: its probes as rows of predictions, and its leaks.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "apps/comparison.h"
#include "data/audit.h"
#include "data/dataset.h"
#include "data/groups.h"
#include "kernels/row.h"

namespace hilum {

struct Evidence {
  Dataset dataset;
  Audit audit;
  std::optional<GroupFinding> order;  // what file names tell of scans, where no group is named
  std::vector<Contender> probes;      // scored on the split; empty where probes were not asked for
};

// Reads the set of each manifest (one a fold); probes of folds are put together. The audit is that
// of the first.
Evidence gather_evidence(const std::vector<std::filesystem::path>& manifests,
                         const std::string& split, bool probes, Device device);

// The same of a set that has been read and split.
Evidence gather_evidence(Dataset dataset, const std::string& split, bool probes, Device device);

// Probes where there is a part to learn them from and another to score them on.
Evidence evidence_for(const Dataset& dataset, const std::string& split, Device device);

}  // namespace hilum
