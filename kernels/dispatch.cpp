// State behind dispatch.h: forced rows, determinism, workspace, observer.
#include "kernels/dispatch.h"

#include <cstdlib>

#include "kernels/remark.h"

namespace hilum {
namespace {

void check_syntax(const std::string& text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find(',', begin);
    if (end == std::string::npos) end = text.size();
    const std::string entry = text.substr(begin, end - begin);
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == entry.size()) {
      throw usage_error(
          "kernels '{}': entry '{}' is not of the form op=row or op.pass=row. Try "
          "`hilum kernels list` for the names.",
          text, entry);
    }
    begin = end + 1;
  }
}

std::string& forced_text() {
  static std::string text = [] {
    const char* environment = std::getenv("HILUM_KERNELS");
    std::string value = environment ? environment : "";
    check_syntax(value);
    return value;
  }();
  return text;
}

bool deterministic_on = true;
KernelObserver observer_now = nullptr;
bool dry = false;

// Grown when needed, never smaller.
struct Buffer {
  explicit Buffer(Device device) : device(device) {}
  ~Buffer() { free(); }
  void free() {
    if (memory != nullptr) device_free(device, memory);
    memory = nullptr;
    capacity = 0;
  }
  void* at_least(std::size_t bytes) {
    if (bytes <= capacity) return memory;
    free();
    memory = device_allocate(device, bytes);
    if (memory == nullptr) {
      throw device_error(
          "memory: a workspace of {} bytes cannot be had on {}. Lower the batch size.", bytes,
          device_name(device));
    }
    capacity = bytes;
    return memory;
  }

  Device device;
  void* memory = nullptr;
  std::size_t capacity = 0;
};

Buffer& kept_buffer(Device device) {
  if (device == Device::cuda) {
    // Never freed: at the end of the program there may be no CUDA any more to free it with.
    static Buffer& on_gpu = *new Buffer(Device::cuda);
    return on_gpu;
  }
  thread_local Buffer on_host(Device::cpu);
  return on_host;
}

void* (*take_large)(std::size_t, Device) = nullptr;
void (*give_large)(void*, std::size_t, Device) noexcept = nullptr;

}  // namespace

const char* device_name(Device device) {
  switch (device) {
    case Device::cpu:
      return "cpu";
    case Device::cuda:
      return "cuda";
    case Device::emu:
      return "emu";
  }
  return "?";
}

void force_kernels(const std::string& text) {
  check_syntax(text);
  forced_text() = text;
}

const std::string& forced_kernels_text() { return forced_text(); }

KernelScope::KernelScope(const std::string& text) : previous_(forced_text()) {
  // The last entry that matches wins, so the inner scope's entries go last.
  force_kernels(previous_.empty() ? text : previous_ + "," + text);
}

KernelScope::~KernelScope() { forced_text() = previous_; }

std::optional<std::string> forced_row(std::string_view op, std::string_view pass) {
  const std::string& text = forced_text();
  if (text.empty()) return std::nullopt;
  std::optional<std::string> found;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find(',', begin);
    if (end == std::string::npos) end = text.size();
    const std::string_view entry(text.data() + begin, end - begin);
    const std::size_t equals = entry.find('=');
    const std::string_view key = entry.substr(0, equals);
    const bool whole_op = key == op;
    const bool this_pass = key.size() == op.size() + 1 + pass.size() && key.starts_with(op) &&
                           key[op.size()] == '.' && key.ends_with(pass);
    if (whole_op || this_pass) found = std::string(entry.substr(equals + 1));
    begin = end + 1;
  }
  return found;
}

void throw_no_row(const char* op, const char* pass, const std::string& problem, Device device,
                  const std::vector<RowReason>& rows) {
  const std::optional<std::string> forced = forced_row(op, pass);
  std::string reasons;
  for (const RowReason& row : rows) {
    reasons += fmt::format("\n  {} ({}): {}", row.row, device_name(row.device),
                           row.reason ? row.reason : "can run");
  }
  throw device_error("{}.{} {}: {} on {}. Rows:{}", op, pass, problem,
                     forced ? "row '" + *forced + "' was asked for and cannot run"
                            : std::string("no row can run this"),
                     device_name(device), reasons);
}

void set_deterministic(bool on) { deterministic_on = on; }
bool deterministic() { return deterministic_on; }

Workspace::Workspace(Device device, std::size_t bytes) : device_(device), bytes_(bytes) {
  if (bytes == 0) return;
  if (bytes > small_workspace && take_large != nullptr) {
    data_ = take_large(bytes, device);
    give_ = give_large;
  } else if (!dry_run()) {
    data_ = kept_buffer(device).at_least(bytes);
  }
}

Workspace::~Workspace() {
  if (give_ != nullptr) give_(data_, bytes_, device_);
}

void set_large_workspaces(void* (*take)(std::size_t, Device),
                          void (*give)(void*, std::size_t, Device) noexcept) {
  take_large = take;
  give_large = give;
}

std::size_t obtainable_workspace(Device device, std::size_t bytes, const std::string& who,
                                 const std::function<std::size_t()>& plan_again) {
  if (bytes == 0 || dry) return bytes;
  try {
    const Workspace tried(device, bytes);
    return bytes;
  } catch (const Error&) {
    const std::size_t less = plan_again();
    if (less >= bytes) throw;
    const Workspace tried(device, less);
    remark(
        fmt::format("{}: a workspace of {} bytes cannot be had on {}; it goes on with {}, slower",
                    who, bytes, device_name(device), less));
    return less;
  }
}

namespace {
RemarkListener remark_listener = nullptr;
}  // namespace
void set_remark_listener(RemarkListener listener) { remark_listener = listener; }
void remark(const std::string& text) {
  if (remark_listener != nullptr) remark_listener(text);
}

void set_kernel_observer(KernelObserver observer) { observer_now = observer; }
KernelObserver kernel_observer() { return observer_now; }

DryRun::DryRun() : before_(std::exchange(dry, true)) {}
DryRun::~DryRun() { dry = before_; }
bool dry_run() { return dry; }

}  // namespace hilum
