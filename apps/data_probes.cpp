// hilum data probes: what can be told without a network, to be read before any network's figure.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/data.h"
#include "apps/prepare.h"
#include "apps/report.h"
#include "apps/terminal.h"
#include "data/probes.h"
#include "engine/file.h"
#include "engine/json.h"

namespace hilum {
namespace {

struct Flags {
  std::string data, out, split, fractions = "0.7/0.15/0.15";
  ProbeOptions options;
  bool as_json = false;
};

nlohmann::json to_json(const std::vector<ProbeResult>& results, const ProbeOptions& options) {
  nlohmann::json list = nlohmann::json::array();
  for (const ProbeResult& r : results) {
    list.push_back({{"name", r.name},
                    {"shows", r.shows},
                    {"k", r.accuracy.k},
                    {"n", r.accuracy.n},
                    {"accuracy", r.accuracy.value()},
                    {"low", r.accuracy.low()},
                    {"high", r.accuracy.high()},
                    {"auc", r.auc}});
  }
  return {{"train", options.train}, {"split", options.test}, {"probes", list}};
}

std::string to_text(const std::vector<ProbeResult>& results) {
  std::vector<std::vector<std::string>> rows = {{"probe", "accuracy", "macro AUC", "what it is"}};
  for (const ProbeResult& r : results)
    rows.push_back({r.name, rate_text(r.accuracy), fmt::format("{:.3f}", r.auc), r.shows});
  return text_table(rows, true);
}

int run(const Flags& flags, const Session& session) {
  ProbeOptions options = flags.options;
  options.device = session.start();
  Dataset dataset = read_noted(flags.data, session);
  const Survey survey = survey_of(dataset, session);
  if (!has_splits(dataset))
    split_for_training(dataset, parse_split(flags.fractions), options.seed, session);
  options.test = !flags.split.empty()              ? flags.split
                 : dataset.indices("test").empty() ? "val"
                                                   : "test";
  const std::vector<ProbeResult> results = run_probes(dataset, survey, options);
  const nlohmann::json json = to_json(results, options);
  if (!flags.out.empty()) write_file_atomically(flags.out, json_text(json, 2) + '\n');
  if (flags.as_json) {
    fmt::print("{}\n", json_text(json, 2));
  } else {
    fmt::print("{}: learned from {}, scored on {} (95 % interval)\n\n{}", flags.data, options.train,
               options.test, to_text(results));
  }
  return 0;
}

}  // namespace

void add_data_probes(const Command& data, Session& session) {
  const Command command = add_command(
      data, "probes", "floors and shortcuts: what can be told without a network", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("data", flags->data, "folder or manifest").required().this_call_only();
  command.add_option("--train", flags->options.train, "split to learn from");
  command.add_option("--split", flags->split, "split to score; test if there is one, else val");
  command.add_option("--fractions", flags->fractions, "where the set has no splits");
  command.add_option("--seed", flags->options.seed, "of that split and of the shuffled labels");
  command.add_option("--out", flags->out, "JSON file to write as well");
  command.add_flag("--json", flags->as_json, "for programs");
  command.callback(
      [=, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
