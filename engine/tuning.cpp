#include "engine/tuning.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "engine/file.h"
#include "engine/json.h"
#include "engine/machine.h"
#include "kernels/error.h"
#include "kernels/isa.h"
#include "kernels/threads.h"
#include "kernels/tune.h"

namespace hilum {
namespace {

using Json = nlohmann::json;

std::string this_machine(const std::string& program) {
  return fmt::format("{}, {}, {} threads, {}, g++ {}", cpu_name(), isa_name(isa()), thread_count(),
                     program, __VERSION__);
}

Json read(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return Json::object();
  const Json all = parse_json_or_discard(read_file(file));
  if (!all.is_object()) {
    throw data_error("{}: is not a file of measured choices. Name another, or delete it.",
                     file.string());
  }
  return all;
}

TunedRows rows_of(const Json& all, const std::string& machine, const std::filesystem::path& file) {
  TunedRows rows;
  if (!all.contains(machine)) return rows;
  try {
    for (const auto& [key, entry] : all[machine].items()) {
      rows[key] = {entry.at("row"), entry.at("milliseconds")};
    }
  } catch (const Json::exception& error) {
    throw data_error("{}: is not a file of measured choices ({}). Name another, or delete it.",
                     file.string(), error.what());
  }
  return rows;
}

// Choices on their way to the file.
class Writer {
 public:
  Writer(std::filesystem::path file, std::string machine)
      : file_(std::move(file)), machine_(std::move(machine)) {}

  void add(const std::string& key, const TunedRow& row) {
    unwritten_[key] = row;
    if (std::chrono::steady_clock::now() - written_ > std::chrono::seconds(1)) write();
  }

  // Others may have added to the file meanwhile; what they chose stays.
  void write() {
    if (unwritten_.empty()) return;
    Json all = read(file_);
    for (const auto& [key, tuned] : unwritten_) {
      if (all[machine_].contains(key)) continue;
      all[machine_][key] = {{"row", tuned.row}, {"milliseconds", tuned.milliseconds}};
    }
    write_file_atomically(file_, json_text(all, 1) + "\n");
    unwritten_.clear();
    written_ = std::chrono::steady_clock::now();
  }

 private:
  std::filesystem::path file_;
  std::string machine_;
  TunedRows unwritten_;
  std::chrono::steady_clock::time_point written_ = std::chrono::steady_clock::now();
};
std::optional<Writer> writer;

}  // namespace

void tune_with(const std::filesystem::path& file, const std::string& program) {
  const std::string machine = this_machine(program);
  TunedRows known = rows_of(read(file), machine, file);
  writer.emplace(file, machine);
  start_tuning(std::move(known),
               [](const std::string& key, const TunedRow& row) { writer->add(key, row); });
}

void finish_tuning() {
  stop_tuning();
  if (writer) writer->write();
  writer.reset();
}

}  // namespace hilum
