// Devices, threads and forced kernels as the shared options ask for them.
#include "apps/session.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "apps/command_line.h"
#include "engine/tuning.h"
#include "kernels/any_pass.h"
#include "kernels/dispatch.h"
#include "kernels/remark.h"
#include "kernels/threads.h"

namespace hilum {

namespace {

// "cuda:1" to 1.
int ordinal_of(const std::string& device) {
  int ordinal = -1;
  const char* end = device.data() + device.size();
  const auto [at, error] = std::from_chars(device.data() + 5, end, ordinal);
  if (error != std::errc() || at != end) {
    throw usage_error("device '{}': expected the number of a GPU after the colon, as in cuda:0.",
                      device);
  }
  return ordinal;
}

}  // namespace

Device Session::start() const {
  set_remark_listener([](const std::string& text) { fmt::print(stderr, "hilum: {}\n", text); });
  if (threads != 0) set_thread_count(threads);
  if (!kernels.empty()) force_kernels(kernels);
  check_forced_kernels();
  if (!tune.empty()) tune_with(tune, std::string("hilum ") + program_version);
  if (device == "cpu") return Device::cpu;
  if (device == "auto") {
    const char* reason = why_missing(Device::cuda);
    if (reason == nullptr) return Device::cuda;
    if (in_this_build(Device::cuda)) note("device", fmt::format("cpu, since {}", reason));
    return Device::cpu;
  }
  const std::string kind = device.substr(0, device.find(':'));
  if (device == "emu" || kind == "cuda") {
    const Device asked = device == "emu" ? Device::emu : Device::cuda;
    if (const char* reason = why_missing(asked)) throw device_error("{}.", reason);
    if (device.starts_with("cuda:")) select_gpu(ordinal_of(device));
    return asked;
  }
  throw usage_error("device '{}': is not known. Expected auto, cpu, cuda, cuda:N or emu.", device);
}

void Session::note(const std::string& label, const std::string& text) const {
  if (!quiet) fmt::print(stderr, "{:<10}{}\n", label, text);
}

void Session::warn(const std::string& text) const { fmt::print(stderr, "hilum: {}\n", text); }

Command add_command(const Command& parent, const std::string& name, const std::string& description,
                    Session& session) {
  const Command command = parent.add(name, description);
  const std::string group = "Everywhere";
  command.add_option("--device", session.device, "auto, cpu, cuda, cuda:N or emu").group(group);
  command.add_option("--threads", session.threads, "CPU threads; 0 is all of them").group(group);
  command.add_option("--kernels", session.kernels, "rows to use, as conv2d=ref,dense.forward=cpu1")
      .group(group);
  command
      .add_option("--tune", session.tune,
                  "file of rows that were the fastest here; problems that it lacks are measured")
      .group(group);
  command.add_flag("--quiet", session.quiet, "results, warnings and errors only")
      .group(group)
      .this_call_only();
  command.footer(
      "--config FILE reads options from a TOML file. An option is taken from the command line, "
      "else\n"
      "from the environment (--batch-size is HILUM_BATCH_SIZE), else from FILE, else its default.");
  return command;
}

}  // namespace hilum
