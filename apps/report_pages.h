// The page of a run and of a comparison, with its plots as PNG in plots/ beside it.
#pragma once

#include "apps/comparison.h"
#include "apps/report_sections.h"
#include "apps/run_folder.h"

namespace hilum {

// `page`: the file to write.
void write_run_report(const RunFolder& run, const Evaluation& evaluation, const Evidence& evidence,
                      const std::filesystem::path& page);

// `runs`: the first complete one of each network.
struct NamedRun {
  std::string name;
  RunFolder folder;
};
// `out`: the comparison's folder; `command`: what made it.
void write_comparison_report(const std::filesystem::path& out, const Comparison& comparison,
                             const Evidence& evidence, const std::vector<NamedRun>& runs,
                             const std::string& command, const std::filesystem::path& page);

}  // namespace hilum
