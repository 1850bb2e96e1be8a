// Times every row of every pass on the layers of the networks (the cases marked Use::bench), beside
// its library twin and the roof measured in the same call. Driven by the tables: a new row is timed
// with nothing changed here.
//
//   hilum_bench --benchmark_filter='conv2d.forward/resnet 3x3.*'    which ("pass/case/row")
//   hilum_bench --out bench/results/conv2d                          also writes .csv and .md
//   hilum_bench --all-cases                                         the tests' small cases too
//
// The rows of one case are run in random interleaved order, `--benchmark_repetitions` times (15
// unless told); the figure is the median. GFLOP/s and GB/s count the work of the operation's
// cost(), so a row that does less arithmetic (Winograd) may pass 100 % of the roof. The share is of
// the lower of the two roofs at the operation's intensity.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "engine/file.h"
#include "engine/machine.h"
#include "engine/profiler.h"
#include "kernels/any_pass.h"
#include "kernels/device_operands.h"
#include "kernels/dispatch.h"

namespace hilum {
namespace {

struct Measurement {
  std::string pass, name, problem, row;
  Cost cost;
  std::vector<double> seconds;

  std::string group() const { return pass + "/" + name; }
  std::string key() const { return group() + "/" + row; }
  double median() const {
    std::vector<double> sorted = seconds;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

// "conv2d.forward/case/row" -> what is known and measured of it, in order of registration.
std::vector<Measurement>& measurements() {
  static std::vector<Measurement> all;
  return all;
}

// Operands of the case being timed; the rows of a case run together, so one set is kept.
std::vector<OperandData>& operands_of(const AnyCase& a_case) {
  static const AnyCase* held_case = nullptr;
  static std::vector<OperandData> held;
  static std::optional<OnDevice> as_tensors;
  if (held_case != &a_case) {
    as_tensors.reset();
    held.clear();
    held = a_case.make(1);
    as_tensors.emplace(Device::cpu, held, true);
    held_case = &a_case;
  }
  return held;
}

void time_row(benchmark::State& state, const AnyCase& a_case, std::size_t row) {
  std::vector<OperandData>& operands = operands_of(a_case);
  const Workspace workspace(Device::cpu, a_case.workspace_bytes(row));
  Launch launch;
  launch.workspace = workspace.data();
  a_case.prepare(row, operands);
  a_case.run(row, launch, operands);  // plans, caches, first touch
  for (auto _ : state) {
    a_case.run(row, launch, operands);
  }
  const Cost cost = a_case.cost();
  using benchmark::Counter;
  state.counters["GFLOP/s"] = Counter(cost.flop * 1e-9, Counter::kIsIterationInvariantRate);
  state.counters["GB/s"] = Counter(cost.bytes * 1e-9, Counter::kIsIterationInvariantRate);
}

void register_case(const AnyPass& pass, const AnyCase& a_case) {
  for (std::size_t i = 0; i < pass.rows.size(); ++i) {
    const AnyRow& row = pass.rows[i];
    if (row.device != Device::cpu || !row.in_this_build || a_case.why_never(i) != nullptr) continue;
    // The reference takes seconds on a layer; it is timed on the small cases.
    if (std::string_view(row.name) == "ref" && a_case.use == Use::bench) continue;
    measurements().push_back(
        {pass.name(), a_case.name, a_case.describe(), row.name, a_case.cost(), {}});
    benchmark::RegisterBenchmark(
        measurements().back().key().c_str(),
        [i, &a_case](benchmark::State& state) { time_row(state, a_case, i); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

void register_all(bool all_cases) {
  for (const AnyPass& pass : all_passes()) {
    for (const auto& a_case : pass.cases) {
      if (a_case->use == Use::bench || all_cases) register_case(pass, *a_case);
    }
  }
}

class Collector : public benchmark::ConsoleReporter {
 public:
  // No colours: the output is read by people and by programs.
  Collector() : ConsoleReporter(OO_Tabular) {}
  bool ReportContext(const Context& context) override {
    return first_ ? (first_ = false, ConsoleReporter::ReportContext(context)) : true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      for (Measurement& m : measurements()) {
        if (run.run_name.function_name == m.key()) {
          m.seconds.push_back(run.real_accumulated_time / static_cast<double>(run.iterations));
        }
      }
    }
    ConsoleReporter::ReportRuns(runs);
  }

 private:
  bool first_ = true;
};

// Share of the roof that bounds this operation at its intensity.
double share(const Cost& cost, double seconds) {
  const Roof& roof = measured_roof();
  const double best = std::max(cost.flop * 1e-9 / roof.gflops, cost.bytes * 1e-9 / roof.gigabytes);
  return best / seconds;
}

// The library twin's median on the same problem, or 0 where it was not timed.
double twin_seconds(const Measurement& m) {
  for (const Measurement& other : measurements()) {
    if (other.group() == m.group() && other.row == "onednn" && !other.seconds.empty()) {
      return other.median();
    }
  }
  return 0;
}

std::string to_csv() {
  const Roof& roof = measured_roof();
  std::string text =
      "machine,threads,roof_gflops,roof_gbs,pass,case,problem,row,median_ms,gflops,gbs,"
      "share_of_roof,ratio_to_onednn\n";
  for (const Measurement& m : measurements()) {
    if (m.seconds.empty()) continue;
    const double t = m.median(), twin = twin_seconds(m);
    text +=
        fmt::format("\"{}\",{},{:.0f},{:.1f},{},\"{}\",\"{}\",{},{:.4f},{:.1f},{:.2f},{:.3f},{}\n",
                    machine_line(), roof.threads, roof.gflops, roof.gigabytes, m.pass, m.name,
                    m.problem, m.row, t * 1e3, m.cost.flop * 1e-9 / t, m.cost.bytes * 1e-9 / t,
                    share(m.cost, t), twin > 0 ? fmt::format("{:.3f}", twin / t) : "");
  }
  return text;
}

std::string to_markdown() {
  const Roof& roof = measured_roof();
  std::string text = fmt::format(
      "{}; {} threads; measured roofs {:.0f} GFLOP/s, {:.1f} GB/s.\n"
      "Median of interleaved runs; the ratio is oneDNN's time over the row's (above 1: faster).\n\n"
      "| pass | case | row | ms | GFLOP/s | GB/s | of roof | vs oneDNN |\n"
      "|---|---|---|---:|---:|---:|---:|---:|\n",
      machine_line(), roof.threads, roof.gflops, roof.gigabytes);
  for (const Measurement& m : measurements()) {
    if (m.seconds.empty()) continue;
    const double t = m.median(), twin = twin_seconds(m);
    text += fmt::format("| {} | {} ({}) | {} | {:.3f} | {:.1f} | {:.1f} | {:.0f} % | {} |\n",
                        m.pass, m.name, m.problem, m.row, t * 1e3, m.cost.flop * 1e-9 / t,
                        m.cost.bytes * 1e-9 / t, 100 * share(m.cost, t),
                        twin > 0 ? fmt::format("{:.2f}", twin / t) : "");
  }
  return text;
}

// A regular expression that matches this text and nothing else.
std::string literal_regex(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (std::string_view(".[]{}()*+?^$|\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace
}  // namespace hilum

int main(int argc, char** argv) {
  using namespace hilum;
  // Our own flags are taken out, the rest is Google Benchmark's; later ones win over our defaults.
  std::string out, filter = ".";
  bool all_cases = false;
  std::vector<std::string> flags = {argv[0], "--benchmark_repetitions=15",
                                    "--benchmark_min_time=0.02",
                                    "--benchmark_enable_random_interleaving=true"};
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--out" && i + 1 < argc) {
      out = argv[++i];
    } else if (argument == "--all-cases") {
      all_cases = true;
    } else if (argument.starts_with("--benchmark_filter=")) {
      filter = argument.substr(argument.find('=') + 1);
    } else {
      flags.emplace_back(argument);
    }
  }
  std::vector<char*> pointers;
  for (std::string& text : flags) pointers.push_back(text.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;

  register_all(all_cases);
  Collector reporter;
  const std::regex wanted(filter);
  // Case by case, so that only the rows of one case are interleaved and share their operands.
  std::string done;
  for (const Measurement& first : measurements()) {
    if (first.group() == done) continue;
    done = first.group();
    std::string rows;
    for (const Measurement& m : measurements()) {
      if (m.group() == done && std::regex_search(m.key(), wanted)) {
        rows += (rows.empty() ? "" : "|") + literal_regex(m.row);
      }
    }
    if (rows.empty()) continue;
    benchmark::RunSpecifiedBenchmarks(&reporter,
                                      "^" + literal_regex(done) + "/(" + rows + ")/real_time$");
  }
  std::cout << "\n" << to_markdown();
  if (!out.empty()) {
    write_file_atomically(out + ".csv", to_csv());
    write_file_atomically(out + ".md", to_markdown());
  }
  return 0;
}
