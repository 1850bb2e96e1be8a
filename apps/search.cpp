// Drawing the settings.
#include "apps/search.h"

#include <fmt/format.h>

#include <cmath>

#include "kernels/philox.h"

namespace hilum {
namespace {

constexpr const char* searched[] = {"lr", "weight-decay", "batch-size", "augment"};

double log_uniform(RandomSequence& random, double low, double high) {
  return std::exp(random.uniform(std::log(low), std::log(high)));
}

std::string augmentation(double strength) {
  if (strength < 0.1) return "none";
  return fmt::format("rotation={:.3g},shift={:.3g},zoom={:.3g},brightness={:.3g}", 15 * strength,
                     0.1 * strength, 0.15 * strength, 0.15 * strength);
}

}  // namespace

std::vector<TrainArguments> draw_settings(std::size_t n, const TrainArguments& given,
                                          std::uint64_t seed) {
  std::vector<TrainArguments> settings(n);
  for (const char* name : searched) {
    if (n != 0 && given.contains(name)) settings[0][name] = given.at(name);
  }
  for (std::size_t i = 1; i < n; ++i) {
    RandomSequence random(Philox{seed, purpose("search")}.child(i));
    settings[i]["lr"] = fmt::format("{:.3g}", log_uniform(random, 1e-4, 3e-3));
    const double decay = log_uniform(random, 1e-6, 1e-2);
    settings[i]["weight-decay"] = random.uniform() < 0.25 ? "0" : fmt::format("{:.3g}", decay);
    settings[i]["batch-size"] = std::to_string(std::size_t{8} << random.below(4));
    settings[i]["augment"] = augmentation(random.uniform());
  }
  return settings;
}

std::string setting_text(const TrainArguments& setting) {
  std::string text;
  for (const char* name : searched) {
    const auto found = setting.find(name);
    if (found == setting.end()) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, found->second);
  }
  return text;
}

}  // namespace hilum
