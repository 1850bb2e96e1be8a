// hilum compare: networks x seeds x folds on the same splits, each run in a process of its own,
// then one table. Whatever is complete in --out is kept, so a comparison that was killed goes on,
// and one that is done is only read.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "apps/child.h"
#include "apps/command_line.h"
#include "apps/compare_plan.h"
#include "apps/conclude.h"
#include "apps/config_file.h"
#include "apps/interrupt.h"
#include "apps/run_folder.h"
#include "apps/search.h"
#include "apps/terminal.h"
#include "data/csv.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"
#include "nets/net.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Options of compare that `hilum train` does not have, or that differ from run to run.
const std::vector<std::string> own_options = {"nets", "seeds", "folds",    "search",
                                              "tta",  "on",    "positive", "no-probes",
                                              "seed", "data",  "out"};

struct Interrupted {};

class Compare {
 public:
  Compare(const Command& command, CompareFlags& flags, const Session& session)
      : command_(command), flags_(flags), session_(session), out_(flags.train.out) {}

  int run() {
    const Device device = session_.start();
    check();
    open_folder();
    const CatchInterrupt catch_interrupt;
    try {
      const std::vector<fs::path> manifests = write_splits(flags_, session_);
      const TrainArguments shared = shared_arguments();
      std::map<std::string, TrainArguments> tuned;
      if (flags_.search != 0) tuned = search(shared);
      const std::vector<PlannedRun> runs = plan_runs(flags_, shared, tuned, manifests);
      for (std::size_t i = 0; i < runs.size(); ++i) {
        train(runs[i], fmt::format("{}/{} {}", i + 1, runs.size(), runs[i].label()));
      }
      return conclude_all(runs, device);
    } catch (const Interrupted&) {
      session_.warn(
          fmt::format("interrupted; the same command goes on from what is in {}", out_.string()));
      return exit_interrupted;
    }
  }

 private:
  void check() {
    for (const std::string& net : flags_.nets) net_defaults(net);
    train_phases(flags_.train);
    if (flags_.train.data.empty()) {
      throw usage_error("compare --data: is missing. Expected a folder of images or a manifest.");
    }
    if (flags_.folds == 1) {
      throw usage_error("compare --folds 1: expected 2 or more, or 0 for the set's own splits.");
    }
    if (flags_.search != 0 && flags_.folds != 0) {
      throw Error(ErrorKind::check,
                  "compare --search with --folds: a setting chosen on the validation images of one "
                  "fold is chosen on the test images of others, so this is refused. Search without "
                  "folds, then give the settings found as options.");
    }
    std::vector<std::string> sorted = flags_.nets;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
      throw usage_error("compare --nets: names a network twice. Expected each once.");
    }
  }

  // The folder is new, or holds a comparison with the same settings. Networks, seeds and rows may
  // be added; what the runs have in common may not change.
  void open_folder() {
    const auto absolute = fs::absolute(flags_.train.data).lexically_normal();
    flags_.train.data = absolute.string();
    std::string settings =
        fmt::format("data = '{}'\nseed = {}\nfolds = {}\nsearch = {}\n", flags_.train.data,
                    flags_.train.seed, flags_.folds, flags_.search);
    for (const auto& [name, value] : shared_arguments()) {
      const bool how = name == "threads" || name == "device" || name == "workers" ||
                       name == "cache-mb" || name == "checkpoint-every" || name == "kernels";
      if (!how) settings += fmt::format("{} = '{}'\n", name, value);
    }
    const fs::path file = out_ / "settings.toml";
    if (fs::exists(file)) {
      if (read_file(file) != settings) {
        throw usage_error(
            "compare --out {}: holds a comparison with other settings ({} has them). Choose "
            "another "
            "folder, or give the same options.",
            out_.string(), file.string());
      }
      session_.note("resume", fmt::format("what is complete in {} is kept", out_.string()));
      return;
    }
    if (!RunFolder{out_}.empty()) {
      throw usage_error("compare --out {}: exists and is no comparison. Choose another folder.",
                        out_.string());
    }
    RunFolder{out_}.create();
    write_file_atomically(file, settings);
  }

  // What every `hilum train` gets: all options that are its own, with the values they have here.
  TrainArguments shared_arguments() const {
    TrainArguments arguments;
    for (const Option& option : command_.settings()) {
      const std::string name = option.name();
      if (std::find(own_options.begin(), own_options.end(), name) != own_options.end()) continue;
      const std::string value = option.value();
      if (value.empty() || value == "false") continue;
      arguments[name] = value == "true" ? "" : value;
    }
    return arguments;
  }

  // One run, unless it is complete. A failure is remembered, and everything else goes on.
  bool train(const PlannedRun& run, const std::string& label) {
    if (run.complete()) return true;
    session_.note("run", label);
    const fs::path log = out_ / "logs" / (run.folder.filename().string() + ".txt");
    const ChildEnd end = run_child(run.command(), log, [&](const std::string& line) {
      const bool news = line.starts_with("epoch") || line.starts_with("hilum:");
      if (news && !session_.quiet) fmt::print(stderr, "  {}\n", line);
    });
    if (interrupted()) throw Interrupted();
    if (end.code == 0) return true;
    failures_.push_back({run.label(), fmt::format("exit code {}: {} (all of it is in {})", end.code,
                                                  end.last_line, log.string())});
    session_.warn(fmt::format("{} failed, the others go on: {}", run.label(), end.last_line));
    return false;
  }

  std::map<std::string, TrainArguments> search(const TrainArguments& shared) {
    const std::vector<TrainArguments> settings =
        draw_settings(flags_.search, shared, flags_.train.seed);
    const fs::path manifest = search_manifest(flags_);
    std::map<std::string, TrainArguments> best;
    std::string csv = csv_line({"network", "trial", "setting", "monitor", "value"});
    for (const std::string& net : flags_.nets) {
      std::optional<double> least;
      for (std::size_t t = 0; t < settings.size(); ++t) {
        PlannedRun run{net,      flags_.train.seed,
                       0,        out_ / "search" / fmt::format("{}-t{}", folder_name(net), t),
                       manifest, shared};
        for (const auto& [name, value] : settings[t]) run.arguments[name] = value;
        const std::string setting = setting_text(settings[t]);
        if (!train(run, fmt::format("search {}/{} {}: {}", t + 1, settings.size(), net, setting))) {
          continue;
        }
        const json about = parse_json(read_file(RunFolder{run.folder}.about()));
        const double value = about["best"]["value"];
        const std::string monitor = about["best"]["monitor"];
        csv += csv_line({net, std::to_string(t), setting, monitor, fmt::format("{:.9g}", value)});
        const double cost = monitor == "val_loss" ? value : -value;
        if (!least || cost < *least) {
          least = cost;
          best[net] = settings[t];
        }
      }
      if (least) {
        searched_.push_back(fmt::format("search: {}: best of {} on val: {}", net, settings.size(),
                                        setting_text(best[net])));
      }
    }
    write_file_atomically(out_ / "search.csv", csv);
    return best;
  }

  int conclude_all(const std::vector<PlannedRun>& runs, Device device) {
    Conclusion of;
    of.runs = runs;
    of.data = flags_.train.data;
    of.command = session_.command;
    of.probes = !flags_.no_probes;
    of.new_look = true;
    of.failures = failures_;
    of.searched = searched_;
    of.score.split = flags_.split;
    of.score.evaluation.positive = flags_.positive;
    of.score.tta = flags_.tta;
    of.score.augment = flags_.train.augment;
    const fs::path page = RunFolder{out_}.report();
    const Comparison comparison = conclude(of, device, session_, out_, page);
    fmt::print("{}\nreport      {}\n", comparison_text(comparison), page.string());
    return comparison.failures.empty() ? 0 : static_cast<int>(ErrorKind::check);
  }

  const Command command_;
  CompareFlags& flags_;
  const Session& session_;
  fs::path out_;
  std::vector<Failure> failures_;
  std::vector<std::string> searched_;
};

}  // namespace

void add_compare(const Command& app, Session& session) {
  const Command command =
      add_command(app, "compare", "networks x seeds x folds on the same splits", session);
  auto flags = std::make_shared<CompareFlags>();
  declare_flags(command, flags->train);
  for (const char* name : {"--net", "--resume", "--overwrite", "--profile"}) {
    command.remove_option(name);
  }
  command.add_option("--nets", flags->nets, "networks, as cnn,cnn:l1,resnet18")
      .required()
      .delimiter(',');
  command.add_option("--seeds", flags->seeds, "runs of each, from --seed upwards")
      .check(Check::positive());
  command.add_option("--folds", flags->folds, "cross-validation; 0: the set's own splits");
  command.add_option("--search", flags->search,
                     "settings tried for each network first, on validation images only");
  command.add_option("--tta", flags->tta,
                     "a row more for each network: the mean over this many augmented views");
  command.add_option("--on", flags->split, "test or val; test if there is one")
      .check(Check::one_of({"test", "val"}));
  command.add_option("--positive", flags->positive, "class that sensitivity and PPV speak of");
  command.add_flag("--no-probes", flags->no_probes, "leave out the floors above the networks");
  command.callback([=, &session] {
    session.action = [=, &session] { return Compare(command, *flags, session).run(); };
  });
}

}  // namespace hilum
