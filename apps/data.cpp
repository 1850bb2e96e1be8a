// hilum data stats | split | phantom: looking at sets, dividing them, making one.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/prepare.h"
#include "apps/terminal.h"
#include "data/phantom.h"
#include "data/stats.h"
#include "kernels/error.h"

namespace hilum {
namespace {

struct StatsFlags {
  std::string data;
  bool as_json = false;
};

int run_stats(const StatsFlags& flags, const Session& session) {
  session.start();
  const DataStats stats = compute_stats(read_dataset(flags.data));
  fmt::print("{}", flags.as_json ? to_json(stats).dump(2) + '\n' : format_stats(stats));
  return 0;
}

struct SplitFlags {
  std::string data, out, fractions = "0.7/0.15/0.15";
  std::uint64_t seed = 0;
  bool skip_bad = false;
};

int run_split(const SplitFlags& flags, const Session& session) {
  session.start();
  const SplitFractions fractions = parse_split(flags.fractions);
  Dataset dataset = open_dataset(flags.data, {}, flags.skip_bad, session);
  assign_splits(dataset, fractions, flags.seed);
  write_manifest(flags.out, dataset);
  for (const char* split : {"train", "val", "test"}) {
    const std::vector<std::size_t> which = dataset.indices(split);
    if (!which.empty()) fmt::print("{:<8}{}\n", split, describe_part(dataset, which));
  }
  fmt::print("{:<8}{}\n", "file", flags.out);
  return 0;
}

struct PhantomFlags {
  std::string out;
  PhantomOptions options;
};

int run_phantom(const PhantomFlags& flags, const Session& session) {
  session.start();
  ProgressLine progress(!session.quiet);
  bool started = false;
  write_phantom_set(flags.out, flags.options, [&](std::size_t done, std::size_t all) {
    if (!started) progress.start("patients", 0, all);
    started = true;
    progress.update(done);
  });
  progress.clear();
  const Dataset dataset = read_dataset(std::filesystem::path(flags.out) / "manifest.csv");
  for (const char* split : {"train", "val", "test"}) {
    fmt::print("{:<8}{}\n", split, describe_part(dataset, dataset.indices(split)));
  }
  fmt::print("{:<8}{}\n", "folder", flags.out);
  return 0;
}

}  // namespace

void add_data(CLI::App& app, Session& session) {
  CLI::App* data = app.add_subcommand("data", "look at sets, divide them, make one");
  data->require_subcommand(1);

  CLI::App* command =
      add_command(*data, "stats", "counts, sizes, formats and brightness by class", session);
  auto stats = std::make_shared<StatsFlags>();
  command->add_option("data", stats->data, "folder or manifest")->required()->configurable(false);
  command->add_flag("--json", stats->as_json, "for programs");
  command->callback(
      [=, &session] { session.action = [=, &session] { return run_stats(*stats, session); }; });

  command =
      add_command(*data, "split", "stratified splits as a manifest; groups stay together", session);
  auto split = std::make_shared<SplitFlags>();
  command->add_option("data", split->data, "folder or manifest")->required()->configurable(false);
  command->add_option("--out", split->out, "manifest to write")->required()->configurable(false);
  command->add_option("--fractions", split->fractions, "train/val/test or train/val");
  command->add_option("--seed", split->seed, "of the draw");
  command->add_flag("--skip-bad", split->skip_bad, "leave out images that cannot be read");
  command->callback(
      [=, &session] { session.action = [=, &session] { return run_split(*split, session); }; });

  command = add_command(*data, "phantom", "draw a labelled chest-CT-like set with masks", session);
  auto phantom = std::make_shared<PhantomFlags>();
  command->add_option("out", phantom->out, "folder to make")->required()->configurable(false);
  command->add_option("--patients", phantom->options.patients, "imagined people, 12 or more");
  command->add_option("--slices", phantom->options.slices, "slices of each");
  command->add_option("--size", phantom->options.size, "pixels a side");
  command->add_option("--seed", phantom->options.seed, "of the drawing");
  command->callback(
      [=, &session] { session.action = [=, &session] { return run_phantom(*phantom, session); }; });
}

}  // namespace hilum
