// hilum data split: divides a set and writes the division down, with the hash of every file.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/data.h"
#include "apps/prepare.h"
#include "data/audit.h"
#include "data/groups.h"
#include "kernels/error.h"

namespace hilum {
namespace {

struct Flags {
  std::string data, out, fractions = "0.7/0.15/0.15", by = "group", group_rule;
  std::uint64_t seed = 0;
  std::size_t folds = 0, repeats = 1;
  bool skip_bad = false;
};

// "block:50" gives 50.
std::size_t block_length(const std::string& by) {
  const std::string digits = by.substr(by.find(':') + 1);
  const bool ok = by.starts_with("block:") && !digits.empty() && digits.size() < 7 &&
                  digits.find_first_not_of("0123456789") == std::string::npos;
  const std::size_t length = ok ? std::stoul(digits) : 0;
  if (length == 0) {
    throw usage_error("--by {}: expected group, image, runs or block:N, such as block:50.", by);
  }
  return length;
}

// What must stay together.
void set_groups(Dataset& dataset, const Flags& flags, const Session& session) {
  if (!flags.group_rule.empty()) apply_group_rule(dataset, flags.group_rule);
  if (flags.by == "group") return;
  std::vector<std::string> group(dataset.items.size());
  if (flags.by == "runs") {
    const GroupFinding finding = find_groups(dataset, survey_of(dataset, session));
    session.note("runs", fmt::format("{} of {} images", finding.groups, finding.images));
    group = finding.group;
  } else if (flags.by != "image") {
    group = block_groups(dataset, block_length(flags.by));
  }
  for (std::size_t i = 0; i < group.size(); ++i) dataset.items[i].group = group[i];
}

void write_one(const Dataset& dataset, const std::string& out) {
  write_manifest(out, dataset);
  for (const char* split : {"train", "val", "test"}) {
    const std::vector<std::size_t> which = dataset.indices(split);
    if (!which.empty()) fmt::print("{:<8}{}\n", split, describe_part(dataset, which));
  }
  fmt::print("{:<8}{}\n", "file", out);
}

// out.csv, or out-r2.csv, out-f3.csv, out-r2-f3.csv.
std::string numbered(const Flags& flags, std::size_t repeat, std::size_t fold) {
  const std::filesystem::path out(flags.out);
  std::string name = out.stem().string();
  if (flags.repeats > 1) name += fmt::format("-r{}", repeat + 1);
  if (flags.folds > 0) name += fmt::format("-f{}", fold + 1);
  return (out.parent_path() / (name + out.extension().string())).string();
}

int run(const Flags& flags, const Session& session) {
  session.start();
  const SplitFractions fractions = parse_split(flags.fractions);
  Dataset dataset = open_dataset(flags.data, {}, flags.skip_bad, session);
  set_groups(dataset, flags, session);
  hash_files(dataset);
  for (std::size_t repeat = 0; repeat < flags.repeats; ++repeat) {
    const std::uint64_t seed = flags.seed + repeat;
    if (flags.folds == 0) {
      assign_splits(dataset, fractions, seed);
      write_one(dataset, numbered(flags, repeat, 0));
      continue;
    }
    const std::vector<std::size_t> fold = assign_folds(dataset, flags.folds, seed);
    for (std::size_t f = 0; f < flags.folds; ++f) {
      use_fold(dataset, fold, flags.folds, f);
      write_one(dataset, numbered(flags, repeat, f));
    }
  }
  return 0;
}

}  // namespace

void add_data_split(const Command& data, Session& session) {
  const Command command =
      add_command(data, "split", "stratified splits as a manifest; groups stay together", session);
  auto split = std::make_shared<Flags>();
  command.add_option("data", split->data, "folder or manifest").required().this_call_only();
  command.add_option("--out", split->out, "manifest to write; numbered where there are several")
      .required()
      .this_call_only();
  command.add_option("--fractions", split->fractions, "train/val/test or train/val");
  command.add_option("--by", split->by,
                     "what stays together: group (the set's own), image (nothing), runs (of alike "
                     "images, see data groups), block:N (N files in order)");
  command.add_option("--group-rule", split->group_rule,
                     "regular expression on paths; its first bracket names the patient");
  command
      .add_option("--folds", split->folds,
                  "K-fold instead of fractions: fold f is the test part, the next one val")
      .check(Check::between(3, 1000));
  command.add_option("--repeats", split->repeats, "with seeds one apart")
      .check(Check::between(1, 1000));
  command.add_option("--seed", split->seed, "of the draw");
  command.add_flag("--skip-bad", split->skip_bad, "leave out images that cannot be read");
  command.callback(
      [=, &session] { session.action = [=, &session] { return run(*split, session); }; });
}

}  // namespace hilum
