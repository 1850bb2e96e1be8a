// Collects kernel events under the module path of the moment.
#include "engine/profiler.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/file.h"
#include "engine/json.h"
#include "engine/scope.h"
#include "kernels/dispatch.h"
#include "kernels/roof.h"
#include "kernels/threads.h"

namespace hilum {

namespace {
constexpr std::size_t most_trace_events = 1'000'000;
}

struct Profiler::Record {
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  struct Event {
    const Line* line;
    double begin, seconds;  // since the profiler began
  };

  static Record* active;
  static void observe(const KernelEvent& event) { active->add(event); }

  void add(const KernelEvent& event) {
    Line& line = lines[{module_path(), event.op, event.pass, event.row}];
    if (line.calls == 0) {
      line.layer = module_path();
      line.op = event.op;
      line.pass = event.pass;
      line.problem = event.problem;
      line.row = event.row;
    }
    const double seconds = std::chrono::duration<double>(event.end - event.begin).count();
    ++line.calls;
    line.seconds += seconds;
    line.flop += event.cost.flop;
    line.bytes += event.cost.bytes;
    if (events.size() < most_trace_events) {
      const double begin = std::chrono::duration<double>(event.begin - start).count();
      events.push_back({&line, begin, seconds});
    }
  }

  std::map<Key, Line> lines;  // events point into it; a map does not move its values
  std::vector<Event> events;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

Profiler::Record* Profiler::Record::active = nullptr;

Profiler::Profiler() : record_(std::make_unique<Record>()) {
  if (Record::active != nullptr) throw usage_error("profiler: another one is collecting already.");
  Record::active = record_.get();
  set_kernel_observer(&Record::observe);
}

Profiler::~Profiler() {
  set_kernel_observer(nullptr);
  Record::active = nullptr;
}

double Profiler::Line::share_of_roof() const {
  const Roof& roof = measured_roof();
  return std::max(flop * 1e-9 / roof.gflops, bytes * 1e-9 / roof.gigabytes) / seconds;
}

std::vector<Profiler::Line> Profiler::lines() const {
  std::vector<Line> all;
  for (const auto& [key, line] : record_->lines) all.push_back(line);
  std::stable_sort(all.begin(), all.end(),
                   [](const Line& a, const Line& b) { return a.seconds > b.seconds; });
  return all;
}

std::string Profiler::table() const {
  const std::vector<Line> all = lines();
  const Roof& roof = measured_roof();
  double total = 0;
  std::size_t layer_width = 5, op_width = 9, problem_width = 7, row_width = 3;
  auto op_name = [](const Line& l) { return l.op + "." + l.pass; };
  for (const Line& l : all) {
    total += l.seconds;
    layer_width = std::max(layer_width, l.layer.size());
    op_width = std::max(op_width, op_name(l).size());
    problem_width = std::max(problem_width, l.problem.size());
    row_width = std::max(row_width, l.row.size());
  }
  std::string text =
      fmt::format("{:{}}  {:{}}  {:{}}  {:{}} {:>7} {:>9} {:>6} {:>8} {:>7} {:>6}\n", "layer",
                  layer_width, "operation", op_width, "problem", problem_width, "row", row_width,
                  "calls", "ms", "share", "GFLOP/s", "GB/s", "roof");
  for (const Line& l : all) {
    text += fmt::format(
        "{:{}}  {:{}}  {:{}}  {:{}} {:>7} {:>9.2f} {:>5.1f}% {:>8.1f} {:>7.1f} {:>5.0f}%\n",
        l.layer, layer_width, op_name(l), op_width, l.problem, problem_width, l.row, row_width,
        l.calls, l.seconds * 1e3, 100 * l.seconds / total, l.gflops(), l.gigabytes(),
        100 * l.share_of_roof());
  }
  text += fmt::format(
      "all kernels {:.2f} ms; roofs measured with {} threads: {:.0f} GFLOP/s, {:.1f} GB/s\n",
      total * 1e3, roof.threads, roof.gflops, roof.gigabytes);
  return text;
}

void Profiler::write_csv(const std::filesystem::path& path) const {
  std::string text =
      "layer,operation,pass,problem,row,calls,milliseconds,gflops,gigabytes_per_s,share_of_roof\n";
  for (const Line& l : lines()) {
    text += fmt::format("{},{},{},\"{}\",{},{},{:.4f},{:.2f},{:.2f},{:.3f}\n", l.layer, l.op,
                        l.pass, l.problem, l.row, l.calls, l.seconds * 1e3, l.gflops(),
                        l.gigabytes(), l.share_of_roof());
  }
  write_file_atomically(path, text);
}

void Profiler::write_chrome_trace(const std::filesystem::path& path) const {
  nlohmann::json events = nlohmann::json::array();
  for (const Record::Event& e : record_->events) {
    events.push_back({{"name", e.line->layer + " " + e.line->op + "." + e.line->pass},
                      {"cat", e.line->op},
                      {"ph", "X"},
                      {"ts", e.begin * 1e6},
                      {"dur", e.seconds * 1e6},
                      {"pid", 0},
                      {"tid", 0},
                      {"args", {{"row", e.line->row}, {"problem", e.line->problem}}}});
  }
  write_file_atomically(path, json_text(nlohmann::json{{"traceEvents", events}}));
}

const Roof& measured_roof() {
  static const Roof roof{measure_gflops(), measure_gigabytes(), static_cast<int>(thread_count())};
  return roof;
}

}  // namespace hilum
