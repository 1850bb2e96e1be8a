// The images that a run belongs to, with the splits it had, and its validation predictions: what
// evaluating a run and writing its report again have in common.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/run_folder.h"
#include "apps/session.h"
#include "data/dataset.h"

namespace hilum {

struct RunSet {
  Dataset dataset;
  std::string path;
  bool own = false;  // the images and splits that the run was trained with
};

// The set at `data`, or the run's own where that is empty. Splits that were drawn for the run are
// drawn again; an image of another set is in no split but that set's own.
RunSet open_run_set(const RunFolder& run, const std::string& data,
                    const std::vector<std::string>& classes, bool skip_bad, const Session& session);

// Temperature and threshold come from here. A run that was imported has none.
std::optional<PredictionTable> validation_of(const RunFolder& run, const Session& session);

}  // namespace hilum
