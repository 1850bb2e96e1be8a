// Chooses a row of a table and runs it. The order of authority: a KernelScope in code, then
// `--kernels conv2d=cpu2`, then the environment's HILUM_KERNELS, then table order. A row that is
// asked for and cannot run is an error that lists every row's reason; nothing falls back silently.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/device.h"
#include "kernels/error.h"
#include "kernels/row.h"
#include "kernels/tune.h"

namespace hilum {

// "conv2d=cpu2,dense.forward=ref": a whole operation or one pass of it, by row name. Replaces what
// was set before; throws a usage error where the text does not parse. Names are checked against the
// tables by check_forced_kernels() in any_pass.h.
void force_kernels(const std::string& text);
const std::string& forced_kernels_text();

// Forces rows while it lives; scopes nest, the innermost that names the operation wins.
class KernelScope {
 public:
  explicit KernelScope(const std::string& text);
  ~KernelScope();
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;

 private:
  std::string previous_;
};

// The row name forced for this pass, if any.
std::optional<std::string> forced_row(std::string_view op, std::string_view pass);

// On (the default), rows whose bits depend on the number of threads are refused.
void set_deterministic(bool on);
bool deterministic();

// Memory of the device that a kernel may scribble on during one call. Small ones are one buffer
// that is kept (one a thread, for device cuda one in all) and so stays in the caches. Large ones
// come from where the engine takes its tensors from, since there is room between those most of the
// time; without an engine from the same buffer, which grows.
inline constexpr std::size_t small_workspace = std::size_t{4} << 20;  // bytes, at most

class Workspace {
 public:
  Workspace(Device device, std::size_t bytes);  // nothing for no bytes
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  Device device_;
  std::size_t bytes_;
  void (*give_)(void*, std::size_t, Device) noexcept = nullptr;
  void* data_ = nullptr;
};

template <class Pass>
std::size_t workspace_bytes(const Row<Pass>& row, const typename Pass::Problem& problem) {
  return row.workspace ? row.workspace(problem) : 0;
}
template <class Pass>
Workspace workspace_for(const Row<Pass>& row, const typename Pass::Problem& problem) {
  return Workspace(row.device, workspace_bytes(row, problem));
}

void set_large_workspaces(void* (*take)(std::size_t bytes, Device),
                          void (*give)(void*, std::size_t bytes, Device) noexcept);

// How much workspace the row `who` gets: `bytes`, or, where the device has not so much, what
// `plan_again` finds after it has planned for as little as possible, which is then said aloud
// (remark.h). Throws as Workspace does where even that is too much.
std::size_t obtainable_workspace(Device device, std::size_t bytes, const std::string& who,
                                 const std::function<std::size_t()>& plan_again);

// While one of these lives no kernel runs: rows are chosen and the observer is told, so that work
// and memory can be planned without doing the work. What the outputs hold is then undefined.
class DryRun {
 public:
  DryRun();
  ~DryRun();
  DryRun(const DryRun&) = delete;
  DryRun& operator=(const DryRun&) = delete;

 private:
  bool before_;
};
bool dry_run();

// Told about every kernel that ran; the profiler sets it. Null (the default) costs one branch.
struct KernelEvent {
  const char* op;
  const char* pass;
  const char* row;
  Device device;
  Cost cost;
  std::string problem;
  std::chrono::steady_clock::time_point begin, end;
  std::size_t workspace;  // bytes
};
using KernelObserver = void (*)(const KernelEvent&);
void set_kernel_observer(KernelObserver observer);
KernelObserver kernel_observer();

// Why this row can never run this problem, or null; and why it cannot here and now.
template <class Pass>
const char* why_never(const Row<Pass>& row, const typename Pass::Problem& problem) {
  return row.why_not ? row.why_not(problem) : nullptr;
}
template <class Pass>
const char* why_not(const Row<Pass>& row, Device device, const typename Pass::Problem& problem) {
  if (row.device != device) return "is for another device";
  if (row.run == nullptr) return "is not in this build";
  if (const char* reason = why_missing(row.device)) return reason;
  if (deterministic() && !row.deterministic) return "is not deterministic, and that was asked for";
  return why_never(row, problem);
}

// Passes whose rows may be measured on the operands at hand; see tune.h.
template <class Pass>
inline constexpr bool tunable = requires {
  Pass::tunable;
};

template <class Pass>
std::string tuning_key(Device device, const typename Pass::Problem& problem) {
  return fmt::format("{}.{} {} {}", Pass::op, Pass::pass, device_name(device), problem.describe());
}

// What a row answered: why it cannot run, or null.
struct RowReason {
  const char* row;
  Device device;
  const char* reason;
};
[[noreturn]] void throw_no_row(const char* op, const char* pass, const std::string& problem,
                               Device device, const std::vector<RowReason>& rows);

template <class Pass>
const Row<Pass>& select(Device device, const typename Pass::Problem& problem) {
  const std::optional<std::string> forced = forced_row(Pass::op, Pass::pass);
  if constexpr (tunable<Pass>) {
    const TunedRow* tuned =
        tuning() && !forced ? tuned_row(tuning_key<Pass>(device, problem)) : nullptr;
    if (tuned != nullptr) {
      for (const Row<Pass>& row : Pass::table()) {
        if (tuned->row == row.name && why_not(row, device, problem) == nullptr) return row;
      }
    }
  }
  for (const Row<Pass>& row : Pass::table()) {
    if (forced && *forced != row.name) continue;
    if (why_not(row, device, problem) == nullptr) return row;
  }
  std::vector<RowReason> reasons;
  for (const Row<Pass>& row : Pass::table()) {
    reasons.push_back({row.name, row.device, why_not(row, device, problem)});
  }
  throw_no_row(Pass::op, Pass::pass, problem.describe(), device, reasons);
}

// Runs a given row, with its workspace, and reports to the observer.
template <class Pass, class... Args>
void run_row(const Row<Pass>& row, const typename Pass::Problem& problem, Args... operands) {
  const Workspace workspace = workspace_for(row, problem);
  const KernelObserver observer = kernel_observer();
  const bool timed = observer != nullptr && !dry_run();
  std::chrono::steady_clock::time_point begin{};
  if (timed) device_synchronise(row.device);
  if (observer != nullptr) begin = std::chrono::steady_clock::now();
  if (!dry_run()) {
    Launch launch;
    launch.stream = device_stream(row.device);
    launch.workspace = workspace.data();
    row.run(launch, problem, operands...);
  }
  if (timed) device_synchronise(row.device);
  if (observer != nullptr) {
    const auto end = timed ? std::chrono::steady_clock::now() : begin;
    observer({Pass::op, Pass::pass, row.name, row.device, Pass::cost(problem), problem.describe(),
              begin, end, workspace.bytes()});
  }
}

class WithoutObserver {
 public:
  WithoutObserver() : before_(kernel_observer()) { set_kernel_observer(nullptr); }
  ~WithoutObserver() { set_kernel_observer(before_); }
  WithoutObserver(const WithoutObserver&) = delete;
  WithoutObserver& operator=(const WithoutObserver&) = delete;

 private:
  KernelObserver before_;
};

// Whether this problem's rows are to be measured now.
template <class Pass>
bool untuned(Device device, const typename Pass::Problem& problem) {
  return tunable<Pass> && tuning() && !dry_run() && !forced_row(Pass::op, Pass::pass) &&
         tuned_row(tuning_key<Pass>(device, problem)) == nullptr;
}

// Measures the rows that can run the problem, all but the reference. `call(row)` runs one by
// run_row.
template <class Pass, class Call>
void tune(Device device, const typename Pass::Problem& problem, const Call& call) {
  std::vector<Contestant> rows;
  for (const Row<Pass>& row : Pass::table()) {
    if (row.name != std::string_view("ref") && why_not(row, device, problem) == nullptr) {
      rows.push_back({row.name, [&] { call(row); }});
    }
  }
  const WithoutObserver without_observer;
  tune_rows(device, tuning_key<Pass>(device, problem), rows);
}

// The usual call: run<Conv2dForward>(device, problem, x, w, y).
template <class Pass, class... Args>
void run(Device device, const typename Pass::Problem& problem, Args... operands) {
  if constexpr (tunable<Pass>) {
    if (untuned<Pass>(device, problem)) {
      tune<Pass>(device, problem,
                 [&](const Row<Pass>& row) { run_row(row, problem, operands...); });
    }
  }
  run_row(select<Pass>(device, problem), problem, operands...);
}

}  // namespace hilum
