// Columns of container features.
#include "data/container_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace hilum {
namespace {

constexpr std::size_t sizes = 4, tenths = 10;

std::array<double, sizes> sizes_of(const Look& look) {
  const double w = static_cast<double>(look.info.width), h = static_cast<double>(look.info.height);
  const double bytes = static_cast<double>(look.bytes);
  return {std::log(w), std::log(h), std::log(bytes), std::log(bytes / (w * h))};
}

}  // namespace

std::string format_of(const ImageInfo& info, const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool fits = ending == "." + info.format || (ending == ".jpg" && info.format == "jpeg");
  return fits ? info.format
              : fmt::format("{} named {}", info.format, ending.empty() ? "without ending" : ending);
}

std::string colour_of(const ImageInfo& info) {
  static const char* const names[] = {"?", "gray", "gray+alpha", "colour", "colour+alpha"};
  const bool cmyk = info.format == "jpeg" && info.channels == 4;
  return fmt::format("{} {}-bit{}", cmyk ? "CMYK" : names[std::min<std::size_t>(info.channels, 4)],
                     info.bit_depth, info.palette ? " palette" : "");
}

ContainerFeatures::ContainerFeatures(const Dataset& dataset, const Survey& survey,
                                     const std::vector<std::size_t>& train)
    : dataset_(dataset), survey_(survey) {
  std::vector<std::vector<double>> values(sizes);
  for (const std::size_t i : train) {
    const Look& look = survey.looks[i];
    kinds_.emplace(format_of(look.info, dataset.items[i].path), 0);
    kinds_.emplace(colour_of(look.info), 0);
    for (std::size_t s = 0; s < sizes; ++s) values[s].push_back(sizes_of(look)[s]);
  }
  std::size_t next = 0;
  for (auto& [kind, column] : kinds_) column = next++;
  for (std::vector<double>& list : values) {
    std::sort(list.begin(), list.end());
    std::vector<double> limits;
    for (std::size_t t = 1; t < tenths; ++t) limits.push_back(list[t * list.size() / tenths]);
    limits_.push_back(std::move(limits));
  }
}

std::size_t ContainerFeatures::d() const { return kinds_.size() + sizes * (1 + tenths); }

std::vector<float> ContainerFeatures::rows(const std::vector<std::size_t>& which) const {
  std::vector<float> rows(which.size() * d());
  for (std::size_t n = 0; n < which.size(); ++n) {
    const Look& look = survey_.looks[which[n]];
    float* row = &rows[n * d()];
    for (const std::string& kind :
         {format_of(look.info, dataset_.items[which[n]].path), colour_of(look.info)}) {
      const auto column = kinds_.find(kind);
      if (column != kinds_.end()) row[column->second] = 1;
    }
    row += kinds_.size();
    for (std::size_t s = 0; s < sizes; ++s, row += 1 + tenths) {
      const double value = sizes_of(look)[s];
      const auto above = std::upper_bound(limits_[s].begin(), limits_[s].end(), value);
      row[0] = static_cast<float>(value);
      row[1 + (above - limits_[s].begin())] = 1;
    }
  }
  return rows;
}

}  // namespace hilum
