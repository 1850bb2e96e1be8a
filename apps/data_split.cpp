// hilum data split: divides a set and writes the division down.
#include <cstdio>
#include <memory>

#include "apps/data.h"
#include "apps/prepare.h"

namespace hilum {
namespace {

struct Flags {
  std::string data, out, fractions = "0.7/0.15/0.15";
  std::uint64_t seed = 0;
  bool skip_bad = false;
};

int run(const Flags& flags, const Session& session) {
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

}  // namespace

void add_data_split(CLI::App& data, Session& session) {
  CLI::App* command =
      add_command(data, "split", "stratified splits as a manifest; groups stay together", session);
  auto split = std::make_shared<Flags>();
  command->add_option("data", split->data, "folder or manifest")->required()->configurable(false);
  command->add_option("--out", split->out, "manifest to write")->required()->configurable(false);
  command->add_option("--fractions", split->fractions, "train/val/test or train/val");
  command->add_option("--seed", split->seed, "of the draw");
  command->add_flag("--skip-bad", split->skip_bad, "leave out images that cannot be read");
  command->callback(
      [=, &session] { session.action = [=, &session] { return run(*split, session); }; });
}

}  // namespace hilum
