// See machine.h.
#include "engine/machine.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <ctime>
#include <fstream>

#include "kernels/isa.h"

namespace hilum {

std::string cpu_name() {
  std::string cpu = "unknown CPU", model, line;
  std::ifstream info("/proc/cpuinfo");
  while (std::getline(info, line)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    if (line.starts_with("model name")) cpu = line.substr(colon + 2);
    if (line.starts_with("model\t")) model = line.substr(colon + 2);
    if (line.empty()) break;
  }
  return fmt::format("{} (model {})", cpu, model);
}

std::string machine_line() {
  const std::time_t now = std::time(nullptr);
  return fmt::format("{}, {}, g++ {}, {:%Y-%m-%d}", cpu_name(), isa_name(isa()), __VERSION__,
                     fmt::gmtime(now));
}

double peak_mib() {
  rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<double>(usage.ru_maxrss) / 1024 : 0;
}

}  // namespace hilum
