// Counts, sizes, formats and gray levels of a set.
#include "data/stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/container_features.h"
#include "data/image.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

struct ItemStats {
  ImageInfo info;
  double gray = 0;
  std::string reason;  // why it cannot be read
};

ItemStats measure(const Item& item) {
  ItemStats result;
  try {
    const std::string bytes = read_file(item.path);
    result.info = image_info(bytes, item.path.string());
    const Image image = decode_scan(bytes, 1, item.path.string());
    std::size_t sum = 0;
    for (std::uint8_t v : image.pixels) sum += v;
    result.gray = static_cast<double>(sum) / static_cast<double>(image.pixels.size());
  } catch (const std::exception& error) {
    result.reason = error.what();
  }
  return result;
}

void spread(std::vector<std::size_t>& values, std::size_t (&out)[3]) {
  if (values.empty()) return;
  std::sort(values.begin(), values.end());
  out[0] = values.front();
  out[1] = values[(values.size() - 1) / 2];
  out[2] = values.back();
}

std::string joined(const std::map<std::string, std::size_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  }
  return text;
}

}  // namespace

DataStats compute_stats(const Dataset& dataset) {
  std::vector<ItemStats> items(dataset.items.size());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < items.size(); ++i) items[i] = measure(dataset.items[i]);

  DataStats stats;
  stats.root = dataset.root.string();
  stats.notes = dataset.notes;
  std::set<std::string> splits;
  for (std::size_t c = 0; c < dataset.classes.size(); ++c) {
    ClassStats of_class;
    of_class.name = dataset.classes[c];
    std::vector<std::size_t> widths, heights;
    std::set<std::string> groups;
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Item& item = dataset.items[i];
      if (item.label != c) continue;
      ++of_class.by_split[item.split];
      splits.insert(item.split);
      if (!item.group.empty()) groups.insert(item.group);
      if (!items[i].reason.empty()) {
        ++of_class.bad;
        stats.bad.push_back(items[i].reason);
        continue;
      }
      widths.push_back(items[i].info.width);
      heights.push_back(items[i].info.height);
      ++of_class.formats[format_of(items[i].info, item.path)];
      ++of_class.colours[colour_of(items[i].info)];
      sum += items[i].gray;
      squares += items[i].gray * items[i].gray;
    }
    of_class.groups = groups.size();
    if (!widths.empty()) {
      const double n = static_cast<double>(widths.size());
      of_class.mean_gray = sum / n;
      of_class.deviation_gray =
          std::sqrt(std::max(0.0, squares / n - of_class.mean_gray * of_class.mean_gray));
    }
    spread(widths, of_class.width);
    spread(heights, of_class.height);
    stats.classes.push_back(std::move(of_class));
  }
  for (const char* split : {"train", "val", "test", ""}) {
    if (splits.count(split)) stats.splits.push_back(split);
  }
  return stats;
}

std::string format_stats(const DataStats& stats) {
  std::size_t wide = 5;
  for (const ClassStats& c : stats.classes) wide = std::max(wide, c.name.size());
  std::string text = stats.root + "\n\n" + fmt::format("{:<{}}", "class", wide);
  for (const std::string& split : stats.splits)
    text += fmt::format("{:>8}", split.empty() ? "images" : split);
  text += fmt::format("{:>8}{:>8}{:>20}{:>20}{:>14}\n", "bad", "groups", "width (median)",
                      "height (median)", "mean gray");
  for (const ClassStats& c : stats.classes) {
    text += fmt::format("{:<{}}", c.name, wide);
    for (const std::string& split : stats.splits) {
      const auto count = c.by_split.find(split);
      text += fmt::format("{:>8}", count == c.by_split.end() ? 0 : count->second);
    }
    const bool any = !c.formats.empty();
    auto range = [&](const std::size_t(&v)[3]) {
      return any ? fmt::format("{}-{} ({})", v[0], v[2], v[1]) : "-";
    };
    text += fmt::format("{:>8}{:>8}{:>20}{:>20}{:>14}\n", c.bad,
                        c.groups ? fmt::to_string(c.groups) : "?", range(c.width), range(c.height),
                        any ? fmt::format("{:.1f} +- {:.1f}", c.mean_gray, c.deviation_gray) : "-");
  }
  text += "\n";
  for (const ClassStats& c : stats.classes) {
    if (c.formats.empty()) continue;
    text += fmt::format("{:<{}}  {}; {}\n", c.name, wide, joined(c.formats), joined(c.colours));
  }
  if (!stats.notes.empty()) text += "\n";
  for (const std::string& note : stats.notes) text += "note: " + note + "\n";
  if (!stats.bad.empty()) text += fmt::format("\n{} cannot be used:\n", stats.bad.size());
  for (const std::string& bad : stats.bad) text += "  " + bad + "\n";
  return text;
}

nlohmann::json to_json(const DataStats& stats) {
  nlohmann::json classes = nlohmann::json::array();
  for (const ClassStats& c : stats.classes) {
    classes.push_back(
        {{"name", c.name},
         {"images", c.by_split},
         {"groups", c.groups},
         {"width", {{"min", c.width[0]}, {"median", c.width[1]}, {"max", c.width[2]}}},
         {"height", {{"min", c.height[0]}, {"median", c.height[1]}, {"max", c.height[2]}}},
         {"formats", c.formats},
         {"colours", c.colours},
         {"mean_gray", c.mean_gray},
         {"deviation_gray", c.deviation_gray},
         {"bad", c.bad}});
  }
  return {{"root", stats.root},
          {"classes", classes},
          {"splits", stats.splits},
          {"bad", stats.bad},
          {"notes", stats.notes}};
}

}  // namespace hilum
