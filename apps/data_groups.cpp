// hilum data groups: which images belong together where no patient is named.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/data.h"
#include "apps/prepare.h"
#include "data/audit.h"
#include "data/groups.h"
#include "engine/json.h"

namespace hilum {
namespace {

struct Flags {
  std::string data, out, group_rule;
  bool as_json = false;
};

nlohmann::json to_json(const GroupFinding& f) {
  return {{"images", f.images},
          {"nearest_distance_median", f.distance},
          {"nearest_distance_by_chance", f.distance_by_chance},
          {"at_most_two_away", f.near},
          {"at_most_two_away_by_chance", f.near_by_chance},
          {"likeness_of_neighbours", f.alike_next},
          {"likeness_of_any", f.alike_any},
          {"threshold", f.threshold},
          {"order_tells", f.order_tells},
          {"groups", f.groups},
          {"largest", f.largest}};
}

int run(const Flags& flags, const Session& session) {
  session.start();
  Dataset dataset = read_noted(flags.data, session);
  const GroupFinding finding = find_groups(dataset, survey_of(dataset, session));
  fmt::print("{}", flags.as_json ? json_text(to_json(finding), 2) + '\n' : describe(finding));
  const bool named = std::any_of(dataset.items.begin(), dataset.items.end(),
                                 [](const Item& item) { return !item.group.empty(); });
  if (flags.out.empty()) {
    if (finding.order_tells && !named && !flags.as_json) {
      fmt::print(
          "\nA split drawn image by image has the same scan on both sides. Use\n"
          "  hilum data split {} --by runs --out FILE       or, more careful, --by block:50\n",
          flags.data);
    }
    return 0;
  }
  if (named && flags.group_rule.empty()) {
    session.note("groups", "the set names its groups; they are kept");
  } else if (!flags.group_rule.empty()) {
    apply_group_rule(dataset, flags.group_rule);
  } else {
    for (std::size_t i = 0; i < dataset.items.size(); ++i)
      dataset.items[i].group = finding.group[i];
  }
  write_manifest(flags.out, dataset);
  session.note("file", flags.out);
  return 0;
}

}  // namespace

void add_data_groups(const Command& data, Session& session) {
  const Command command =
      add_command(data, "groups",
                  "runs of alike images in the order of file names; patients from names", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("data", flags->data, "folder or manifest").required().this_call_only();
  command.add_option("--out", flags->out, "manifest to write, with a group for each image");
  command.add_option("--group-rule", flags->group_rule,
                     "regular expression on paths; its first bracket names the patient");
  command.add_flag("--json", flags->as_json, "for programs");
  command.callback(
      [=, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
