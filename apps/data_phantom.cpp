// hilum data phantom: draws a set that needs no patient.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/data.h"
#include "apps/prepare.h"
#include "apps/terminal.h"
#include "data/phantom.h"
#include "data/phantom_faults.h"

namespace hilum {
namespace {

struct Flags {
  std::string out;
  PhantomOptions options;
  std::vector<std::string> faults;
};

int run(const Flags& flags, const Session& session) {
  session.start();
  ProgressLine progress(!session.quiet);
  bool started = false;
  write_phantom_set(flags.out, flags.options, [&](std::size_t done, std::size_t all) {
    if (!started) progress.start("patients", 0, all);
    started = true;
    progress.update(done);
  });
  progress.clear();
  if (!flags.faults.empty())
    plant_faults(flags.out, {flags.faults.begin(), flags.faults.end()}, 8, flags.options.seed);
  const Dataset dataset = read_dataset(std::filesystem::path(flags.out) / "manifest.csv");
  for (const char* split : {"train", "val", "test"}) {
    fmt::print("{:<8}{}\n", split, describe_part(dataset, dataset.indices(split)));
  }
  fmt::print("{:<8}{}\n", "folder", flags.out);
  return 0;
}

}  // namespace

void add_data_phantom(const Command& data, Session& session) {
  const Command command =
      add_command(data, "phantom", "draw a labelled chest-CT-like set with masks", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("out", flags->out, "folder to make").required().this_call_only();
  command.add_option("--patients", flags->options.patients, "imagined people, 12 or more");
  command.add_option("--slices", flags->options.slices, "slices of each");
  command.add_option("--size", flags->options.size, "pixels a side");
  command.add_option("--seed", flags->options.seed, "of the drawing");
  command
      .add_option("--faults", flags->faults,
                  "plant what an audit should find (faults.csv lists it): duplicates, near, "
                  "patients, swapped, frame, container")
      .delimiter(',')
      .check(Check::one_of(phantom_fault_kinds()));
  command.callback(
      [=, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
