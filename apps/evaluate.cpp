// hilum evaluate: what a trained network scores on a set, with intervals.
#include <cstdio>
#include <memory>
#include <optional>

#include "apps/checkpoint.h"
#include "apps/command_line.h"
#include "apps/ledger.h"
#include "apps/prepare.h"
#include "apps/report.h"
#include "apps/report_pages.h"
#include "apps/run_set.h"
#include "apps/terminal.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

struct Flags {
  std::vector<std::string> runs;
  std::string data, split;
  std::size_t batch = 64, workers = 1;
  bool as_json = false, skip_bad = false, report = false;
  EvaluationOptions options;
  std::string fit_on = "val";
};

std::string choose_split(const Dataset& dataset, const std::string& asked) {
  if (asked == "all") return asked;
  if (asked.empty()) {
    for (const char* split : {"test", "val"}) {
      if (!dataset.indices(split).empty()) return split;
    }
    return "all";
  }
  if (dataset.indices(asked).empty()) {
    throw data_error(
        "{}: has no image in split '{}'. Expected a split that it has, or --split all.",
        dataset.root.string(), asked);
  }
  return asked;
}

struct Scored {
  std::string run, net, data;
  Evaluation evaluation;
};

// Everything but the images that the network learned and was chosen with is a test set.
void count_look(const RunFolder& run, const Dataset& dataset, const std::string& split,
                const std::vector<std::size_t>& which, const Session& session) {
  if (split == "train" || split == "val") return;
  const Looks looks =
      record_look(run.path, split_hash(dataset, which), which.size(), session.command);
  session.note("look",
               fmt::format("{} at these {} images (counted in {})",
                           looks.count == 1 ? "the first" : fmt::format("number {}", looks.count),
                           which.size(), looks.ledger.string()));
}

// One run on one split; leaves predictions.csv and metrics.json in the run folder.
Scored evaluate(const std::string& run_path, const Flags& flags, Device device,
                const Session& session) {
  const RunFolder run{run_path};
  const TrainedNet trained = load_trained(run.path);
  trained.net->to(device);
  const auto [dataset, data, own] =
      open_run_set(run, flags.data, trained.recipe.classes, flags.skip_bad, session);
  const std::string split = choose_split(dataset, flags.split);
  std::vector<std::size_t> which = dataset.indices(split);
  if (split == "all") {
    for (std::size_t i = 0; i < dataset.items.size(); ++i) which.push_back(i);
  }
  session.note(split, describe_part(dataset, which));

  LoaderOptions options = loader_for(trained.recipe, flags.batch);
  options.workers = flags.workers;
  Loader loader(dataset, which, options);
  const Predictions predictions =
      classify(*trained.net, loader, trained.recipe.classes.size(), device);
  const std::optional<PredictionTable> val = validation_of(run, session);
  Evaluation evaluation =
      evaluate_table(table_of(predictions, dataset), split, val ? &*val : nullptr, flags.options);
  if (!own) evaluation.data = data;
  write_results(run, evaluation);
  count_look(run, dataset, split, which, session);
  if (flags.report) {
    write_run_report(run, evaluation, evidence_for(dataset, split, device), run.report());
    session.note("report", run.report().string());
  }
  return {run_path, trained.recipe.net, data, std::move(evaluation)};
}

std::string comparison(const std::vector<Scored>& all) {
  std::vector<std::vector<std::string>> rows = {
      {"run", "network", "split", "accuracy", "majority floor", "macro F1", "macro AUC", "loss"}};
  for (const Scored& one : all) {
    const Metrics& m = one.evaluation.metrics;
    rows.push_back({one.run, one.net, one.evaluation.split, rate_text(m.accuracy),
                    fmt::format("{:.1f} %", 100 * m.majority.value()),
                    fmt::format("{:.3f}", m.macro_f1), macro_auc_text(m),
                    fmt::format("{:.4f}", m.loss)});
  }
  return text_table(rows, true);
}

int run(const Flags& flags, const Session& session) {
  if (flags.fit_on != "val") {
    throw Error(
        ErrorKind::check,
        fmt::format("evaluate --fit-on {}: a threshold or temperature that is chosen on the "
                    "images it is judged by flatters, so this is refused. Expected val. The "
                    "run's val_predictions.csv is used.",
                    flags.fit_on));
  }
  const Device device = session.start();
  std::vector<Scored> all;
  for (const std::string& path : flags.runs) {
    all.push_back(evaluate(path, flags, device, session));
  }
  if (flags.as_json) {
    nlohmann::json results = nlohmann::json::array();
    for (const Scored& one : all) {
      nlohmann::json result = metrics_json(one.evaluation);
      result["run"] = one.run;
      result["net"] = one.net;
      result["data"] = one.data;
      results.push_back(std::move(result));
    }
    fmt::print("{}\n", json_text(all.size() == 1 ? results.front() : results, 2));
  } else if (all.size() == 1) {
    fmt::print("{}", metrics_text(all.front().evaluation));
  } else {
    fmt::print("{}", comparison(all));
  }
  return 0;
}

}  // namespace

void add_evaluate(const Command& app, Session& session) {
  const Command command =
      add_command(app, "evaluate", "score a trained network on a labelled set", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("--run", flags->runs, "run folder; several give one table")
      .required()
      .this_call_only();
  command.add_option("--data", flags->data, "folder or manifest; the run's own if not given");
  command
      .add_option("--split", flags->split,
                  "train, val, test or all; test if there is one, else val")
      .check(Check::one_of({"train", "val", "test", "all"}));
  command.add_option("--positive", flags->options.positive,
                     "class that sensitivity and PPV speak of; of two, the one not named non-...");
  command.add_option("--threshold", flags->options.threshold,
                     "youden, sensitivity=0.95, specificity=0.95 (chosen on val) or a number");
  command.add_option("--fit-on", flags->fit_on, "split for threshold and temperature: val");
  command
      .add_option("--prevalence", flags->options.prevalence,
                  "share of people who have it, for PPV and NPV; 0: not said")
      .check(Check::between(0.0, 0.999999));
  command.add_option("--batch-size", flags->batch, "images at a time").check(Check::positive());
  command.add_option("--workers", flags->workers, "threads that prepare images")
      .check(Check::between(0, 256));
  command.add_flag("--report", flags->report, "also write report.html into the run folder");
  command.add_flag("--json", flags->as_json, "for programs");
  command.add_flag("--skip-bad", flags->skip_bad, "leave out images that cannot be read");
  command.callback(
      [flags, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
