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

std::size_t holders_of(const std::vector<Unit>& units, std::size_t c) {
  std::size_t holders = 0;
  for (const Unit& unit : units) holders += unit.count[c] > 0;
  return holders;
}

// The part of each item. Units go one by one, largest first and otherwise in random order, to the
// part that lacks most of their classes: each class then comes as near to its share in each part as
// whole units allow.
std::vector<std::size_t> distribute(const Dataset& dataset, const std::vector<double>& share,
                                    const std::vector<std::string>& names, std::uint64_t seed) {
  std::vector<Unit> units = make_units(dataset);
  shuffle(units, seed, purpose("split"));
  std::stable_sort(units.begin(), units.end(),
                   [](const Unit& a, const Unit& b) { return a.items.size() > b.items.size(); });

  const std::size_t classes = dataset.classes.size(), parts = share.size();
  std::vector<double> total(classes);
  std::vector<std::size_t> units_left(classes), part_of(dataset.items.size());
  for (const Unit& unit : units) {
    ++units_left[unit.main_class()];
    for (std::size_t c = 0; c < classes; ++c) total[c] += static_cast<double>(unit.count[c]);
  }
  std::vector<std::vector<double>> have(parts, std::vector<double>(classes));
  for (const Unit& unit : units) {
    const std::size_t main = unit.main_class();
    std::size_t empty = 0;
    for (std::size_t s = 0; s < parts; ++s) empty += share[s] > 0 && have[s][main] == 0;
    const bool fill_empty = units_left[main]-- <= empty;  // the last ones must not leave a gap
    std::size_t best = parts;
    double best_lack = 0;
    for (std::size_t s = 0; s < parts; ++s) {
      if (share[s] == 0 || (fill_empty && empty > 0 && have[s][main] > 0)) continue;
      double lack = 0;
      for (std::size_t c = 0; c < classes; ++c) {
        if (unit.count[c] == 0) continue;
        lack += static_cast<double>(unit.count[c]) * (share[s] * total[c] - have[s][c]) / total[c];
      }
      if (best == parts || lack > best_lack) best = s, best_lack = lack;
    }
    for (std::size_t c = 0; c < classes; ++c) have[best][c] += static_cast<double>(unit.count[c]);
    for (std::size_t i : unit.items) part_of[i] = best;
  }
  for (std::size_t s = 0; s < parts; ++s) {
    for (std::size_t c = 0; c < classes; ++c) {
      if (share[s] == 0 || have[s][c] > 0) continue;
      throw data_error(
          "{}: the split leaves {} without class '{}', of which there are {} images in {} groups. "
          "Use fewer splits or more images.",
          dataset.root.string(), names[s], dataset.classes[c], total[c], holders_of(units, c));
    }
  }
  return part_of;
}

}  // namespace

void assign_splits(Dataset& dataset, const SplitFractions& fractions, std::uint64_t seed) {
  check_fractions({fractions.train, fractions.val, fractions.test});
  const std::vector<std::string> names(split_names.begin(), split_names.end());
  const std::vector<std::size_t> part =
      distribute(dataset, {fractions.train, fractions.val, fractions.test}, names, seed);
  for (std::size_t i = 0; i < part.size(); ++i) dataset.items[i].split = names[part[i]];
}

std::vector<std::size_t> assign_folds(const Dataset& dataset, std::size_t folds,
                                      std::uint64_t seed) {
  if (folds < 3) {
    throw usage_error("{} folds: expected three or more, for train, val and test.", folds);
  }
  std::vector<std::string> names;
  for (std::size_t f = 0; f < folds; ++f) names.push_back(fmt::format("fold {}", f + 1));
  return distribute(dataset, std::vector<double>(folds, 1 / static_cast<double>(folds)), names,
                    seed);
}

void use_fold(Dataset& dataset, const std::vector<std::size_t>& fold, std::size_t folds,
              std::size_t f) {
  for (std::size_t i = 0; i < dataset.items.size(); ++i)
    dataset.items[i].split = fold[i] == f ? "test" : fold[i] == (f + 1) % folds ? "val" : "train";
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
