// Seeded, stratified splits that keep patients together.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "data/dataset.h"
#include "kernels/error.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

constexpr std::array<const char*, 3> split_names = {"train", "val", "test"};

// Images that must stay together: those of one group, or a single one without a group.
struct Unit {
  std::vector<std::size_t> items;
  std::vector<std::size_t> count;  // by class

  std::size_t main_class() const {
    return static_cast<std::size_t>(std::max_element(count.begin(), count.end()) - count.begin());
  }
};

std::vector<Unit> make_units(const Dataset& dataset) {
  std::vector<Unit> units;
  std::map<std::string, std::size_t> by_group;
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    const Item& item = dataset.items[i];
    std::size_t unit = units.size();
    if (!item.group.empty()) unit = by_group.emplace(item.group, unit).first->second;
    if (unit == units.size())
      units.push_back({{}, std::vector<std::size_t>(dataset.classes.size())});
    units[unit].items.push_back(i);
    ++units[unit].count[item.label];
  }
  return units;
}

void check_fractions(const std::array<double, 3>& fractions) {
  const double sum = fractions[0] + fractions[1] + fractions[2];
  const bool ok = fractions[0] > 0 && fractions[1] >= 0 && fractions[2] >= 0 && sum < 1 + 1e-6 &&
                  sum > 1 - 1e-6;
  if (!ok) {
    throw usage_error(
        "split {}/{}/{}: expected parts for train, val and test, none negative, train above zero, "
        "that sum to 1.",
        fractions[0], fractions[1], fractions[2]);
  }
}

}  // namespace

// Units go one by one, largest first and otherwise in random order, to the split that lacks most of
// their classes: each class then comes as near to its share in each split as whole units allow.
void assign_splits(Dataset& dataset, const SplitFractions& fractions, std::uint64_t seed) {
  const std::array<double, 3> share = {fractions.train, fractions.val, fractions.test};
  check_fractions(share);
  std::vector<Unit> units = make_units(dataset);
  shuffle(units, seed, purpose("split"));
  std::stable_sort(units.begin(), units.end(),
                   [](const Unit& a, const Unit& b) { return a.items.size() > b.items.size(); });

  const std::size_t classes = dataset.classes.size();
  std::vector<double> total(classes);
  std::vector<std::size_t> units_left(classes);
  for (const Unit& unit : units) {
    ++units_left[unit.main_class()];
    for (std::size_t c = 0; c < classes; ++c) total[c] += static_cast<double>(unit.count[c]);
  }
  std::array<std::vector<double>, 3> have;
  have.fill(std::vector<double>(classes));
  for (const Unit& unit : units) {
    const std::size_t main = unit.main_class();
    std::size_t empty = 0;
    for (std::size_t s = 0; s < 3; ++s) empty += share[s] > 0 && have[s][main] == 0;
    const bool fill_empty = units_left[main]-- <= empty;  // the last ones must not leave a gap
    std::size_t best = 3;
    double best_lack = 0;
    for (std::size_t s = 0; s < 3; ++s) {
      if (share[s] == 0 || (fill_empty && empty > 0 && have[s][main] > 0)) continue;
      double lack = 0;
      for (std::size_t c = 0; c < classes; ++c) {
        if (unit.count[c] == 0) continue;
        lack += static_cast<double>(unit.count[c]) * (share[s] * total[c] - have[s][c]) / total[c];
      }
      if (best == 3 || lack > best_lack) best = s, best_lack = lack;
    }
    for (std::size_t c = 0; c < classes; ++c) have[best][c] += static_cast<double>(unit.count[c]);
    for (std::size_t i : unit.items) dataset.items[i].split = split_names[best];
  }
  for (std::size_t s = 0; s < 3; ++s) {
    for (std::size_t c = 0; c < classes; ++c) {
      if (share[s] == 0 || have[s][c] > 0) continue;
      std::size_t holders = 0;
      for (const Unit& unit : units) holders += unit.count[c] > 0;
      throw data_error(
          "{}: the split leaves {} without class '{}', of which there are {} images in {} groups. "
          "Use fewer splits or more images.",
          dataset.root.string(), split_names[s], dataset.classes[c], total[c], holders);
    }
  }
}

SplitFractions parse_split(const std::string& text) {
  std::array<double, 3> parts = {};
  std::size_t count = 0;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    const auto [next, error] = std::from_chars(at, end, parts[std::min<std::size_t>(count, 2)]);
    ++count;
    if (error != std::errc() || count > 3 || (next != end && *next != '/')) {
      throw usage_error("split '{}': expected two or three parts such as 0.7/0.15/0.15.", text);
    }
    if (next == end) break;
    at = next + 1;
  }
  if (count < 2) {
    throw usage_error("split '{}': expected two or three parts such as 0.7/0.15/0.15.", text);
  }
  check_fractions(parts);
  return {parts[0], parts[1], parts[2]};
}

}  // namespace hilum
