// The end of a comparison: from finished runs to rows, tests, tables and report. `hilum compare`
// comes here when all is trained, `hilum report` to write everything again from what is stored.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/score_runs.h"

namespace hilum {

struct Conclusion {
  std::vector<PlannedRun> runs;
  ScoreOptions score;
  std::string data, command;  // the set as it was given; the command line of the comparison
  bool probes = true;
  bool new_look = false;              // to be counted, where these are test images
  std::vector<Failure> failures;      // of training
  std::vector<std::string> searched;  // a line a network
};

// Leaves comparison.csv and comparison.json in `out` and writes the page. A check fails where no
// run came to an end.
Comparison conclude(const Conclusion& of, Device device, const Session& session,
                    const std::filesystem::path& out, const std::filesystem::path& page);

// What was concluded in `out`, from its comparison.json and run folders. Data errors name what is
// missing and the command that makes it.
Conclusion read_conclusion(const std::filesystem::path& out);

}  // namespace hilum
