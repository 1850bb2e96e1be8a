// hilum report: the page of a finished run or comparison, written again from what is stored there.
// No network is run; images are looked at for thumbnails, leaks and probes.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/conclude.h"
#include "apps/report_pages.h"
#include "apps/run_set.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Flags {
  std::string run, comparison, out, data;
};

// The evaluation as it was, computed from its predictions.
Evaluation stored_evaluation(const RunFolder& run, const Session& session) {
  for (const fs::path& file : {run.predictions(), run.metrics()}) {
    if (fs::exists(file)) continue;
    throw data_error(
        "{}: is not there. Expected what an evaluation leaves. Make it with `hilum evaluate --run "
        "{}`.",
        file.string(), run.path.string());
  }
  const PredictionTable table = read_predictions(run.predictions());
  const json metrics = parse_json_or_discard(read_file(run.metrics()));
  EvaluationOptions options;
  std::string split, data;
  try {
    split = metrics.at("split");
    data = metrics.value("data", "");
    options.positive = metrics.at("options").at("positive");
    options.threshold = metrics.at("options").at("threshold");
    options.prevalence = metrics.at("options").at("prevalence");
    options.seed = metrics.at("options").at("seed");
    if (metrics.at("images") != table.size()) {
      throw data_error("it is of {} images", json_text(metrics.at("images")));
    }
  } catch (const std::exception& error) {
    throw data_error(
        "{}: does not belong to the predictions beside it: {}. Make both again with "
        "`hilum evaluate --run {}`.",
        run.metrics().string(), error.what(), run.path.string());
  }
  const std::optional<PredictionTable> val = validation_of(run, session);
  Evaluation evaluation = evaluate_table(table, split, val ? &*val : nullptr, options);
  evaluation.data = data;
  return evaluation;
}

void report_run(const Flags& flags, const fs::path& page, Device device, const Session& session) {
  const RunFolder run{flags.run};
  const Evaluation evaluation = stored_evaluation(run, session);
  const RunSet set = open_run_set(run, flags.data.empty() ? evaluation.data : flags.data,
                                  evaluation.table.classes, true, session);
  write_run_report(run, evaluation, evidence_for(set.dataset, evaluation.split, device), page);
}

int run(const Flags& flags, const Session& session) {
  const Device device = session.start();
  const bool one_run = !flags.run.empty();
  if (one_run == !flags.comparison.empty()) {
    throw usage_error("report: expected either --run RUN or --comparison DIR.");
  }
  const fs::path folder = one_run ? flags.run : flags.comparison,
                 page = flags.out.empty() ? folder / "report.html" : fs::path(flags.out);
  if (one_run) {
    report_run(flags, page, device, session);
  } else {
    conclude(read_conclusion(folder), device, session, folder, page);
  }
  fmt::print("report      {}\n", page.string());
  return 0;
}

}  // namespace

void add_report(const Command& app, Session& session) {
  const Command command =
      add_command(app, "report", "write the report of a finished run or comparison again", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("--run", flags->run, "run folder, evaluated before").this_call_only();
  command.add_option("--comparison", flags->comparison, "folder that hilum compare filled")
      .this_call_only();
  command
      .add_option("--out", flags->out,
                  "page to write, plots/ beside it; report.html in that folder if not given")
      .this_call_only();
  command.add_option("--data", flags->data, "where the images of the run are now, if moved");
  command.callback(
      [flags, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
