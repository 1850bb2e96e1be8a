// Timing and checking of rows, of any pass.
#include "apps/kernel_run.h"

#include <algorithm>
#include <cfloat>
#include <chrono>
#include <cstdio>
#include <optional>

#include "apps/terminal.h"
#include "engine/profiler.h"
#include "kernels/any_pass.h"
#include "kernels/device_operands.h"
#include "kernels/dispatch.h"
#include "kernels/lesson.h"
#include "kernels/roof.h"

namespace hilum {
namespace {

using Table2d = std::vector<std::vector<std::string>>;

// Median time of a call in seconds; the first one (plans, first touch) is not counted. On the host
// the operands stay in the caches where they fit, as between the layers of a network; a GPU's cache
// is filled with something else before each call.
double median_seconds(const AnyCase& a_case, std::size_t row, Device device,
                      std::vector<OperandData>& operands, std::size_t repeat) {
  const Workspace workspace(device, a_case.workspace_bytes(row));
  Launch launch;
  launch.stream = device_stream(device);
  launch.workspace = workspace.data();
  OnDevice copies(device, operands, true);
  a_case.prepare(row, operands);
  const auto call = [&] { a_case.run(row, launch, operands); };
  call();
  std::vector<double> seconds;
  double total = 0;
  while (seconds.size() < repeat && (seconds.size() < 3 || total < 2)) {
    seconds.push_back(device_seconds(device, call));
    total += seconds.back();
  }
  copies.bring_back();
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

// The largest error of any output in eps x sum of |terms|.
double largest_error(const std::vector<OperandData>& got, const std::vector<OperandData>& oracle) {
  double largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i].input) continue;
    for (std::size_t j = 0; j < got[i].spec.count; ++j) {
      const double scale = FLT_EPSILON * oracle[i].magnitude[j].magnitude + FLT_MIN;
      const double error = std::fabs(got[i].f32[j] - oracle[i].f64[j]) / scale;
      if (!(error <= largest)) largest = error;  // a NaN stays
    }
  }
  return largest;
}

// "-" for what is too small to say: an operation without arithmetic has no GFLOP/s.
std::string rate(double amount, double seconds) {
  return amount > 0 ? fmt::format("{:.1f}", amount * 1e-9 / seconds) : "-";
}

// What the device can do at most: arithmetic in GFLOP/s, for a GPU by how inputs are rounded, and
// copying in GB/s.
struct DeviceRoof {
  double gflops, tf32_gflops, bf16_gflops, gigabytes;
  std::string machine;

  double gflops_for(std::string_view row) const {
    if (row.ends_with("bf16")) return bf16_gflops;
    return row.ends_with("tf32") ? tf32_gflops : gflops;
  }
  std::string text() const {
    std::string all = fmt::format("{:.0f} GFLOP/s", gflops);
    if (tf32_gflops != gflops) {
      all += fmt::format(" ({:.0f} in TF32, {:.0f} in bf16)", tf32_gflops, bf16_gflops);
    }
    return all + fmt::format(", {:.1f} GB/s, {}", gigabytes, machine);
  }
};

const DeviceRoof& roof_of(Device device) {
  static const DeviceRoof roof = [device]() -> DeviceRoof {
    if (device == Device::cuda) {
      const GpuRoof gpu = measure_gpu();
      return {gpu.gflops, gpu.tf32_gflops, gpu.bf16_gflops, gpu.gigabytes, gpu_name()};
    }
    const Roof& cpu = measured_roof();
    return {cpu.gflops, cpu.gflops, cpu.gflops, cpu.gigabytes,
            fmt::format("{} threads", cpu.threads)};
  }();
  return roof;
}

class PassRun {
 public:
  PassRun(const KernelRunFlags& flags, Device device, const AnyPass& pass)
      : flags_(flags), device_(device), pass_(pass) {}

  void list_cases() const {
    for (const auto& a_case : pass_.cases) {
      fmt::print("{}  {:<28}{}\n", pass_.name(), a_case->name, a_case->describe());
    }
  }

  // Lines for the table; false where a row went beyond its tolerance.
  bool run(Table2d& lines) {
    bool good = true;
    const Use wanted = flags_.small ? Use::test : Use::bench;
    for (const auto& a_case : pass_.cases) {
      const bool chosen =
          flags_.one_case.empty() ? a_case->use == wanted : a_case->name == flags_.one_case;
      if (chosen) good = run_case(*a_case, lines) && good;
    }
    return good;
  }

 private:
  bool run_case(const AnyCase& a_case, Table2d& lines) {
    std::vector<OperandData> operands = a_case.make(1);
    std::vector<OperandData> oracle;
    if (flags_.check) {
      run_oracle(a_case, operands);
      oracle = operands;
    }
    bool good = true;
    for (std::size_t i = 0; i < pass_.rows.size(); ++i) {
      const AnyRow& row = pass_.rows[i];
      if (row.device != device_) continue;
      if (!flags_.row.empty() && flags_.row != row.name) continue;
      // The reference takes seconds on a layer: only where it is asked for, or the case is small.
      const bool slow = std::string_view(row.name) == "ref" && a_case.use == Use::bench;
      if (slow && flags_.row.empty()) continue;
      good = run_row(i, a_case, operands, oracle, lines) && good;
    }
    return good;
  }

  bool run_row(std::size_t index, const AnyCase& a_case, std::vector<OperandData>& operands,
               const std::vector<OperandData>& oracle, Table2d& lines) {
    const AnyRow& row = pass_.rows[index];
    const std::string what = fmt::format("{}: {}", a_case.name, a_case.describe());
    if (const char* reason = a_case.why_not(index, device_)) {
      std::vector<std::string> line = {pass_.name(), what, row.name};
      line.resize(lines.front().size(), "-");
      line.push_back(reason);
      lines.push_back(line);
      return true;
    }
    for (OperandData& operand : operands) {
      if (!operand.input) reset_output(operand);
    }
    const double seconds = median_seconds(a_case, index, device_, operands, flags_.repeat);
    const Cost cost = a_case.cost();
    const DeviceRoof& roof = roof_of(device_);
    const double bound =
        std::max(cost.flop * 1e-9 / roof.gflops_for(row.name), cost.bytes * 1e-9 / roof.gigabytes);
    std::vector<std::string> line = {pass_.name(),
                                     what,
                                     row.name,
                                     fmt::format("{:.3f}", seconds * 1e3),
                                     rate(cost.flop, seconds),
                                     rate(cost.bytes, seconds),
                                     fmt::format("{:.0f} %", 100 * bound / seconds)};
    bool good = true;
    if (flags_.check) {
      const double error = largest_error(operands, oracle);
      good = error <= row.tolerance;
      line.push_back(fmt::format("{:.2f} of {:g}{}", error, row.tolerance, good ? "" : " WRONG"));
    }
    lines.push_back(line);
    return good;
  }

  const KernelRunFlags& flags_;
  const Device device_;
  const AnyPass& pass_;
};

}  // namespace

int run_kernels(const KernelRunFlags& flags, const Session& session) {
  if (flags.lesson) begin_lesson();
  const Device device = session.start();
  if (flags.lesson && device != Device::emu) {
    throw usage_error("kernels run: --lesson counts on device emu. Expected --device emu.");
  }
  Table2d lines = {{"pass", "case", "row", "ms", "GFLOP/s", "GB/s", "of roof"}};
  if (flags.check) lines[0].push_back("error, eps x |terms|");
  bool good = true, found = false;
  for (const AnyPass& pass : all_passes()) {
    if (!pass.is_called(flags.asked)) continue;
    found = true;
    PassRun run(flags, device, pass);
    if (flags.list_cases) {
      run.list_cases();
    } else {
      good = run.run(lines) && good;
    }
  }
  if (!found) throw unknown_operation(flags.asked);
  if (flags.list_cases) return 0;
  if (lines.size() == 1) {
    throw usage_error(
        "kernels run {}: no row '{}' or no case '{}'. `hilum kernels list {}` shows "
        "the rows, --cases the cases.",
        flags.asked, flags.row, flags.one_case, flags.asked);
  }
  const std::string roof = fmt::format("roof measured now: {}; median of up to {} runs",
                                       roof_of(device).text(), flags.repeat);
  if (flags.csv) {
    for (const auto& line : lines) fmt::print("\"{}\"\n", fmt::join(line, "\",\""));
    fmt::print("\"{}\"\n", roof);
  } else {
    fmt::print("{}\n{}\n", text_table(lines, true), roof);
  }
  if (flags.lesson) fmt::print("\n{}", lesson_text());
  return good ? 0 : static_cast<int>(ErrorKind::check);
}

}  // namespace hilum
