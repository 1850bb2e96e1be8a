// Scores, audits, tests, writes; and what is needed to do so again, as JSON.
#include "apps/conclude.h"

#include <algorithm>

#include "apps/report_pages.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path comparison_file(const fs::path& out) { return out / "comparison.json"; }

// Folders and manifests lie in `out`, which may be moved.
json to_json(const Conclusion& of, const fs::path& out) {
  json runs = json::array();
  for (const PlannedRun& run : of.runs) {
    runs.push_back({{"net", run.net},
                    {"seed", run.seed},
                    {"fold", run.fold},
                    {"folder", run.folder.lexically_relative(out).string()},
                    {"manifest", run.manifest.lexically_relative(out).string()}});
  }
  return {{"runs", runs},
          {"split", of.score.split},
          {"positive", of.score.evaluation.positive},
          {"views", of.score.tta},
          {"augment", of.score.augment},
          {"command", of.command},
          {"probes", of.probes}};
}

std::vector<fs::path> manifests_of(const std::vector<PlannedRun>& runs) {
  std::vector<fs::path> manifests;
  for (const PlannedRun& run : runs) {
    if (std::find(manifests.begin(), manifests.end(), run.manifest) == manifests.end()) {
      manifests.push_back(run.manifest);
    }
  }
  return manifests;
}

// The first complete run of each network.
std::vector<NamedRun> first_runs(const std::vector<PlannedRun>& runs) {
  std::vector<NamedRun> first;
  for (const PlannedRun& run : runs) {
    const bool known = !first.empty() && first.back().name == run.net;
    if (!known && run.complete()) first.push_back({run.net, RunFolder{run.folder}});
  }
  return first;
}

void expect_predictions(const PlannedRun& run, const Conclusion& of) {
  const fs::path file = of.score.split == "val" ? RunFolder{run.folder}.val_predictions()
                                                : RunFolder{run.folder}.predictions();
  if (fs::exists(file)) return;
  throw data_error(
      "{}: is not there. Expected the predictions of {}. The comparison's own command makes them: "
      "{}",
      file.string(), run.label(), of.command);
}

}  // namespace

Comparison conclude(const Conclusion& of, Device device, const Session& session,
                    const fs::path& out, const fs::path& page) {
  Comparison comparison;
  comparison.data = of.data;
  comparison.failures = of.failures;
  comparison.searched = of.searched;
  score_runs(comparison, of.runs, of.score, device, session);
  if (comparison.rows.empty()) {
    throw Error(ErrorKind::check,
                fmt::format("compare: no run came to an end. The first failed so: {}",
                            comparison.failures.front().reason));
  }
  if (of.new_look && comparison.split == "test") count_looks(of.runs, session, out);
  session.note("audit", "copies, leaks and probes");
  const Evidence evidence =
      gather_evidence(manifests_of(of.runs), comparison.split, of.probes, device);
  comparison.rows.insert(comparison.rows.begin(), evidence.probes.begin(), evidence.probes.end());
  compare_rows(comparison);
  json all = comparison_json(comparison);
  all["concluded"] = to_json(of, out);
  all["concluded"]["split"] = comparison.split;
  write_file_atomically(out / "comparison.csv", comparison_csv(comparison));
  write_file_atomically(comparison_file(out), json_text(all, 2) + '\n');
  write_comparison_report(out, comparison, evidence, first_runs(of.runs), of.command, page);
  return comparison;
}

Conclusion read_conclusion(const fs::path& out) {
  const fs::path file = comparison_file(out);
  if (!fs::exists(file)) {
    throw data_error(
        "{}: is not there. Expected what `hilum compare --out {}` leaves at its end. Give that "
        "command again: it goes on from what is complete.",
        file.string(), out.string());
  }
  Conclusion of;
  try {
    const json all = parse_json(read_file(file)), &how = all.at("concluded");
    of.data = all.at("data");
    of.searched = all.at("search").get<std::vector<std::string>>();
    for (const json& failure : all.at("failures")) {
      of.failures.push_back({failure.at("run"), failure.at("reason")});
    }
    of.score.split = how.at("split");
    of.score.evaluation.positive = how.at("positive");
    of.score.tta = how.at("views");
    of.score.augment = how.at("augment");
    of.command = how.at("command");
    of.probes = how.at("probes");
    for (const json& run : how.at("runs")) {
      of.runs.push_back({run.at("net"),
                         run.at("seed"),
                         run.at("fold"),
                         out / run.at("folder").get<std::string>(),
                         out / run.at("manifest").get<std::string>(),
                         {}});
    }
  } catch (const json::exception& error) {
    throw data_error("{}: not what `hilum compare` writes: {}. Give its command again.",
                     file.string(), error.what());
  }
  for (const PlannedRun& run : of.runs) {
    if (!run.complete()) continue;
    expect_predictions(run, of);
    // What went wrong after its training will be seen again.
    std::erase_if(of.failures, [&](const Failure& f) { return f.run == run.label(); });
  }
  return of;
}

}  // namespace hilum
