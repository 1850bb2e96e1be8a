#include "engine/tuning.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/file.h"
#include "engine/machine.h"
#include "kernels/error.h"
#include "kernels/isa.h"
#include "kernels/threads.h"
#include "kernels/tune.h"

namespace hilum {
namespace {

using Json = nlohmann::ordered_json;

std::string this_machine(const std::string& program) {
  return fmt::format("{}, {}, {} threads, {}, g++ {}", cpu_name(), isa_name(isa()), thread_count(),
                     program, __VERSION__);
}

Json read(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return Json::object();
  const Json all = Json::parse(read_file(file), nullptr, false);
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

}  // namespace

void tune_with(const std::filesystem::path& file, const std::string& program) {
  Json all = read(file);
  const std::string machine = this_machine(program);
  TunedRows known = rows_of(all, machine, file);
  start_tuning(std::move(known), [=](const TunedRows& rows) mutable {
    all[machine] = Json::object();
    for (const auto& [key, tuned] : rows) {
      all[machine][key] = {{"row", tuned.row}, {"milliseconds", tuned.milliseconds}};
    }
    write_file_atomically(file, all.dump(1) + "\n");
  });
}

}  // namespace hilum
