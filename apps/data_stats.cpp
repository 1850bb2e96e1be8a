// hilum data stats: what a set looks like before anything is learned from it.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/data.h"
#include "data/stats.h"

namespace hilum {
namespace {

struct Flags {
  std::string data;
  bool as_json = false;
};

int run(const Flags& flags, const Session& session) {
  session.start();
  const DataStats stats = compute_stats(read_dataset(flags.data));
  fmt::print("{}", flags.as_json ? to_json(stats).dump(2) + '\n' : format_stats(stats));
  return 0;
}

}  // namespace

void add_data_stats(CLI::App& data, Session& session) {
  CLI::App* command =
      add_command(data, "stats", "counts, sizes, formats and brightness by class", session);
  auto flags = std::make_shared<Flags>();
  command->add_option("data", flags->data, "folder or manifest")->required()->configurable(false);
  command->add_flag("--json", flags->as_json, "for programs");
  command->callback(
      [=, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
