// Configuration, set and splits of a run.
#include "apps/run_set.h"

#include <map>

#include "apps/checkpoint.h"
#include "apps/config_file.h"
#include "apps/prepare.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

std::string stored(const std::map<std::string, std::string>& config, const std::string& name,
                   const RunFolder& run) {
  const auto found = config.find(name);
  if (found == config.end()) {
    throw data_error("{}: has no '{}'. Say it on the command line.", run.config().string(), name);
  }
  return found->second;
}

bool is_own(const Dataset& dataset, const RunFolder& run) {
  if (!std::filesystem::exists(run.about())) return false;
  const nlohmann::json about = parse_json_or_discard(read_file(run.about()));
  return about.is_object() && about.contains("data") &&
         about["data"].value("content", "") == fingerprint(dataset);
}

// Gives the images of the run's own set the splits they had in training. An image of another set
// is in no split.
void restore_splits(Dataset& dataset, const std::map<std::string, std::string>& config,
                    const RunFolder& run, const Session& session) {
  Dataset candidate = dataset;
  try {
    Session silent = session;
    silent.quiet = true;
    split_for_training(candidate, parse_split(stored(config, "split", run)),
                       std::stoull(stored(config, "seed", run)), silent);
  } catch (const std::exception&) {
    return;  // it cannot be the set that the run was trained on
  }
  if (is_own(candidate, run)) {
    dataset = std::move(candidate);
    session.note("note", "splits as drawn for the run");
  }
}

}  // namespace

RunSet open_run_set(const RunFolder& run, const std::string& data,
                    const std::vector<std::string>& classes, bool skip_bad,
                    const Session& session) {
  std::map<std::string, std::string> config;
  if (std::filesystem::exists(run.config())) config = read_config(run.config(), "train");
  RunSet set;
  set.path = data.empty() ? stored(config, "data", run) : data;
  set.dataset = open_dataset(set.path, classes, skip_bad, session);
  if (set.dataset.indices("val").empty()) restore_splits(set.dataset, config, run, session);
  set.own = is_own(set.dataset, run);
  return set;
}

std::optional<PredictionTable> validation_of(const RunFolder& run, const Session& session) {
  if (std::filesystem::exists(run.val_predictions()))
    return read_predictions(run.val_predictions());
  session.note("note", fmt::format("{} is not there: no temperature, and no threshold but {}",
                                   run.val_predictions().string(), "the largest probability"));
  return std::nullopt;
}

}  // namespace hilum
