// hilum data check: exit code 1 while a leak stands, or a file is not what its manifest says.
#include <chrono>
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/data.h"
#include "apps/prepare.h"
#include "data/audit.h"
#include "engine/json.h"
#include "engine/machine.h"
#include "kernels/error.h"

namespace hilum {
namespace {

struct Flags {
  std::string data, fix, group_rule;
  std::size_t lines = 10;
  bool as_json = false, allow = false;
};

int run(const Flags& flags, const Session& session) {
  session.start();
  Dataset dataset = read_noted(flags.data, session);
  if (!flags.group_rule.empty()) {
    session.note("groups", fmt::format("{} of {} images match {}",
                                       apply_group_rule(dataset, flags.group_rule),
                                       dataset.items.size(), flags.group_rule));
  }
  const auto begin = std::chrono::steady_clock::now();
  const Survey survey = survey_of(dataset, session);
  const std::chrono::duration<double> decoding = std::chrono::steady_clock::now() - begin;
  const Audit found = audit(dataset, survey);
  session.note("near", fmt::format("{} pairs of hashes, {} of pictures, in {:.1f} s",
                                   found.compared, found.fitted, found.seconds));
  if (flags.as_json) {
    nlohmann::json json = to_json(dataset, found);
    json["allow_leakage"] = flags.allow;
    json["cost"] = {{"machine", machine_line()},       {"decode_seconds", decoding.count()},
                    {"search_seconds", found.seconds}, {"hash_pairs", found.compared},
                    {"picture_pairs", found.fitted},   {"peak_mib", peak_mib()}};
    fmt::print("{}\n", json_text(json, 2));
  } else {
    fmt::print("{}", format_audit(dataset, found, flags.lines));
  }
  if (!flags.fix.empty()) {
    const Dataset clean = cleaned(dataset, found);
    write_manifest(flags.fix, clean);
    session.note("cleaned", fmt::format("{}: {} of {} images kept", flags.fix, clean.items.size(),
                                        dataset.items.size()));
  }
  if (found.count(FindingKind::changed) != 0) return static_cast<int>(ErrorKind::check);
  if (found.leaks() == 0) return 0;
  if (flags.allow) {
    session.warn(fmt::format("{} leaks allowed; {} makes every later report say so", found.leaks(),
                             allow_leakage(flags.data, dataset, found).string()));
    return 0;
  }
  return 1;
}

}  // namespace

void add_data_check(const Command& data, Session& session) {
  const Command command = add_command(
      data, "check",
      "copies, near copies, patients on both sides, changed files; exits with 1 on a leak",
      session);
  auto flags = std::make_shared<Flags>();
  command.add_option("data", flags->data, "folder or manifest").required().this_call_only();
  command.add_option("--group-rule", flags->group_rule,
                     "regular expression on paths; its first bracket names the patient");
  command.add_option("--fix", flags->fix, "cleaned manifest to write; no image is touched");
  command.add_flag("--allow-leakage", flags->allow,
                   "exit with 0 all the same; remembered beside the set for later reports");
  command.add_option("--lines", flags->lines, "findings of a kind to show");
  command.add_flag("--json", flags->as_json, "for programs, with every finding");
  command.callback(
      [=, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
