// Predictions of finished runs, put together over folds and seeds.
#include "apps/score_runs.h"

#include <algorithm>
#include <map>

#include "apps/inference.h"
#include "apps/ledger.h"
#include "apps/run_folder.h"
#include "data/augment.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

// A network's runs, folds of one seed next to each other.
struct OfNet {
  std::string net;
  std::vector<std::vector<const PlannedRun*>> seeds;  // [seed][fold]
};

std::vector<OfNet> by_net(const std::vector<PlannedRun>& runs) {
  std::vector<OfNet> result;
  for (const PlannedRun& run : runs) {
    if (result.empty() || result.back().net != run.net) result.push_back({run.net, {}});
    auto& seeds = result.back().seeds;
    if (seeds.empty() || seeds.back().front()->seed != run.seed) seeds.emplace_back();
    seeds.back().push_back(&run);
  }
  return result;
}

class Scorer {
 public:
  Scorer(Comparison& comparison, const ScoreOptions& options, Device device, const Session& session)
      : comparison_(comparison), options_(options), device_(device), session_(session) {}

  void score(const OfNet& of) {
    Contender row;
    row.name = of.net;
    row.planned = of.seeds.size();
    std::vector<PredictionTable> seeds, vals, views;
    for (const auto& folds : of.seeds) {
      PredictionTable table, val, augmented;
      RunCost cost;
      if (!read_seed(folds, table, val, augmented, cost)) continue;
      row.seeds.push_back(metrics_of_table(table));
      row.val.push_back(metrics_of_table(val));
      add(row.cost, cost);
      seeds.push_back(std::move(table));
      vals.push_back(std::move(val));
      if (options_.tta != 0) views.push_back(std::move(augmented));
    }
    if (seeds.empty()) return;
    scale(row.cost, 1 / static_cast<double>(seeds.size()));
    const PredictionTable val = ensemble(vals);
    row.evaluation = evaluate_table(ensemble(seeds), comparison_.split, &val, options_.evaluation);
    comparison_.rows.push_back(row);
    if (options_.tta == 0) return;
    Contender augmented;
    augmented.name = fmt::format("{} + {} views", of.net, options_.tta);
    augmented.kind = Kind::variation;
    augmented.note = "test-time augmentation: " + options_.augment;
    augmented.evaluation =
        evaluate_table(ensemble(views), comparison_.split, nullptr, options_.evaluation);
    variations_.push_back(std::move(augmented));
  }

  void finish() {
    std::vector<PredictionTable> all;
    for (const Contender& row : comparison_.rows) {
      if (row.kind == Kind::network) all.push_back(row.evaluation.table);
    }
    if (all.size() > 1) {
      Contender row;
      row.name = fmt::format("ensemble of all {}", all.size());
      row.kind = Kind::variation;
      row.evaluation =
          evaluate_table(ensemble(all), comparison_.split, nullptr, options_.evaluation);
      variations_.push_back(std::move(row));
    }
    comparison_.rows.insert(comparison_.rows.end(), variations_.begin(), variations_.end());
  }

 private:
  static Metrics metrics_of_table(const PredictionTable& table) {
    return compute_metrics(table.classes, table.labels, table.probabilities());
  }
  static void add(RunCost& sum, const RunCost& more) {
    sum.parameters += more.parameters;
    sum.mflop += more.mflop;
    sum.seconds += more.seconds;
    sum.peak_mib += more.peak_mib;
    sum.best_epoch += more.best_epoch;
  }
  static void scale(RunCost& cost, double by) {
    cost = {cost.parameters * by, cost.mflop * by, cost.seconds * by, cost.peak_mib * by,
            cost.best_epoch * by};
  }

  // All folds of one seed; false where one of them is missing.
  bool read_seed(const std::vector<const PlannedRun*>& folds, PredictionTable& table,
                 PredictionTable& val, PredictionTable& augmented, RunCost& cost) {
    for (const PlannedRun* run : folds) {
      if (!run->complete()) return false;
      try {
        append(val, read_predictions(RunFolder{run->folder}.val_predictions()));
        append(table, predictions(*run));
        if (options_.tta != 0) append(augmented, views(*run));
        add(cost, cost_of(*run));
      } catch (const Error& error) {
        comparison_.failures.push_back({run->label(), error.what()});
        return false;
      }
    }
    scale(cost, 1 / static_cast<double>(folds.size()));
    return true;
  }

  static RunCost cost_of(const PlannedRun& run) {
    const auto about = parse_json(read_file(RunFolder{run.folder}.about()));
    return {about.value("parameters", 0.0), about.value("mflop", 0.0), about.value("seconds", 0.0),
            about.value("peak_mib", 0.0), about["best"].value("epoch", 0.0)};
  }

  const Dataset& dataset(const fs::path& manifest) {
    auto found = sets_.find(manifest);
    if (found == sets_.end()) found = sets_.emplace(manifest, read_dataset(manifest)).first;
    return found->second;
  }

  // What the run says of the split: from its folder where it is there, and put there where not.
  PredictionTable predictions(const PlannedRun& run) {
    const RunFolder folder{run.folder};
    if (comparison_.split == "val") return read_predictions(folder.val_predictions());
    const Dataset& set = dataset(run.manifest);
    const std::vector<std::size_t> which = set.indices(comparison_.split);
    if (fs::exists(folder.predictions())) {
      PredictionTable there = read_predictions(folder.predictions());
      if (there.size() == which.size() && there.rows.front().split == comparison_.split) {
        return there;
      }
    }
    const TrainedNet trained = load(run);
    Loader loader(set, which, loader_for(trained.recipe, options_.batch));
    const PredictionTable table =
        table_of(classify(*trained.net, loader, set.classes.size(), device_), set);
    const PredictionTable val = read_predictions(folder.val_predictions());
    write_results(folder, evaluate_table(table, comparison_.split, &val, options_.evaluation));
    return table;
  }

  // The mean over the image as it is and `tta` augmented views of it.
  PredictionTable views(const PlannedRun& run) {
    const fs::path path =
        run.folder / fmt::format("{}_{}_views.csv", comparison_.split, options_.tta);
    if (fs::exists(path)) return read_predictions(path);
    const Dataset& set = dataset(run.manifest);
    const TrainedNet trained = load(run);
    LoaderOptions options = loader_for(trained.recipe, options_.batch);
    options.augmentation = parse_augmentation(options_.augment);
    options.seed = run.seed;
    Loader loader(set, set.indices(comparison_.split), options);
    std::vector<PredictionTable> members = {predictions(run)};
    for (std::size_t view = 0; view < options_.tta; ++view) {
      members.push_back(
          table_of(classify(*trained.net, loader, set.classes.size(), device_, {}, view), set));
    }
    const PredictionTable mean = ensemble(members);
    write_file_atomically(path, predictions_csv(mean));
    return mean;
  }

  TrainedNet load(const PlannedRun& run) {
    session_.note("score", run.label());
    TrainedNet trained = load_trained(run.folder);
    trained.net->to(device_);
    return trained;
  }

  Comparison& comparison_;
  const ScoreOptions& options_;
  Device device_;
  const Session& session_;
  std::map<fs::path, Dataset> sets_;
  std::vector<Contender> variations_;
};

}  // namespace

void score_runs(Comparison& comparison, const std::vector<PlannedRun>& runs,
                const ScoreOptions& options, Device device, const Session& session) {
  const Dataset set = read_dataset(runs.front().manifest);
  comparison.split = options.split;
  if (comparison.split.empty()) comparison.split = set.indices("test").empty() ? "val" : "test";
  if (set.indices(comparison.split).empty()) {
    throw data_error("{}: has no image in split '{}'. Leave --on out.",
                     runs.front().manifest.string(), comparison.split);
  }
  if (options.tta != 0 && !parse_augmentation(options.augment).any()) {
    throw usage_error(
        "compare --tta {}: there is nothing to vary. Give --augment, from which the "
        "views are drawn.",
        options.tta);
  }
  Scorer scorer(comparison, options, device, session);
  for (const OfNet& of : by_net(runs)) scorer.score(of);
  scorer.finish();
}

void count_looks(const std::vector<PlannedRun>& runs, const Session& session, const fs::path& out) {
  std::vector<fs::path> seen;
  for (const PlannedRun& run : runs) {
    if (std::find(seen.begin(), seen.end(), run.manifest) != seen.end()) continue;
    seen.push_back(run.manifest);
    const Dataset set = read_dataset(run.manifest);
    const std::vector<std::size_t> which = set.indices("test");
    const Looks looks = record_look(out, split_hash(set, which), which.size(), session.command);
    session.note("look", fmt::format("number {} at these {} test images (counted in {})",
                                     looks.count, which.size(), looks.ledger.string()));
  }
}

}  // namespace hilum
