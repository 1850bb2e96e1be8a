// Order, likeness along it, and runs.
#include "data/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "data/nearest.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

// The images of each folder in natural order.
std::map<std::string, std::vector<std::size_t>> sequences(const Dataset& dataset) {
  std::map<std::string, std::vector<std::size_t>> result;
  for (std::size_t i = 0; i < dataset.items.size(); ++i)
    result[dataset.items[i].path.parent_path().string()].push_back(i);
  for (auto& [folder, list] : result) {
    std::sort(list.begin(), list.end(), [&](std::size_t a, std::size_t b) {
      return natural_less(dataset.items[a].path.filename().string(),
                          dataset.items[b].path.filename().string());
    });
  }
  return result;
}

bool similar_size(const ImageInfo& a, const ImageInfo& b) {
  const auto close = [](std::size_t x, std::size_t y) {
    return 5 * std::max(x, y) < 6 * std::min(x, y);
  };
  return close(a.width, b.width) && close(a.height, b.height);
}

// One folder: its usable images in order and their pictures.
struct Sequence {
  std::vector<std::size_t> items;
  Pictures pictures;
};

constexpr std::size_t reach = 3, far = 20, most_queries = 4000;

// Where many stand in one folder, every so-manieth is asked for its nearest.
void measure_order(const Sequence& s, std::vector<double>& distance, std::vector<double>& by_chance,
                   std::vector<double>& near_by_chance) {
  const std::size_t n = s.items.size();
  const std::size_t step = (n + most_queries - 1) / most_queries;
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < n; i += step) asked.push_back(i);
  std::vector<std::size_t> nearest;
  if (step == 1) {
    nearest = nearest_references(s.pictures, s.pictures, true);
  } else {
    // A copy of the query stands among the references and is the one to leave out.
    for (const std::size_t i : asked) {
      std::size_t best = SIZE_MAX;
      double most = -2;
      for (std::size_t j = 0; j < n; ++j) {
        if (j == i) continue;
        const double r = s.pictures.correlation(i, j);
        if (r > most) most = r, best = j;
      }
      nearest.push_back(best);
    }
  }
  for (std::size_t q = 0; q < asked.size(); ++q) {
    const std::size_t i = asked[q];
    if (nearest[q] == SIZE_MAX) continue;
    distance.push_back(std::abs(static_cast<double>(nearest[q]) - static_cast<double>(i)));
    const Philox random{0, purpose("order by chance")};
    std::size_t any = random.below(i, n - 1);
    any += any >= i;
    by_chance.push_back(std::abs(static_cast<double>(any) - static_cast<double>(i)));
    const double neighbours =
        static_cast<double>(std::min<std::size_t>(i, 2) + std::min<std::size_t>(n - 1 - i, 2));
    near_by_chance.push_back(neighbours / static_cast<double>(n - 1));
  }
}

void measure_likeness(const Sequence& s, std::vector<double>& next, std::vector<double>& any) {
  const std::size_t n = s.items.size();
  for (std::size_t i = 0; i + 1 < n; ++i) next.push_back(s.pictures.correlation(i, i + 1));
  if (n < 2 * far) return;
  const Philox random{0, purpose("far apart")};
  for (std::size_t k = 0; k < std::min<std::size_t>(4 * n, 20000); ++k) {
    const std::size_t i = random.below(2 * k, n), j = random.below(2 * k + 1, n);
    if ((i > j ? i - j : j - i) > far) any.push_back(s.pictures.correlation(i, j));
  }
}

// The same of images in different folders, which have no order: for folders too short to hold
// images that are far apart.
std::vector<double> likeness_across(const std::vector<Sequence>& all, const Survey& survey) {
  std::vector<std::size_t> items, folder;
  for (std::size_t f = 0; f < all.size(); ++f) {
    items.insert(items.end(), all[f].items.begin(), all[f].items.end());
    folder.resize(items.size(), f);
  }
  const Pictures pictures = unit_pictures(survey, items);
  const Philox random{0, purpose("folders apart")};
  std::vector<double> any;
  for (std::size_t k = 0; k < std::min<std::size_t>(4 * items.size(), 20000); ++k) {
    const std::size_t i = random.below(2 * k, items.size()),
                      j = random.below(2 * k + 1, items.size());
    if (folder[i] != folder[j]) any.push_back(pictures.correlation(i, j));
  }
  return any;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// Whether the run that ends before place `at` goes on there.
bool goes_on(const Sequence& s, const Survey& survey, std::size_t at, double threshold) {
  for (std::size_t i = at - std::min(at, reach); i < at; ++i) {
    for (std::size_t j = at; j < std::min(at + reach, s.items.size()); ++j) {
      if (s.pictures.correlation(i, j) > threshold &&
          similar_size(survey.looks[s.items[i]].info, survey.looks[s.items[j]].info)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

bool natural_less(const std::string& a, const std::string& b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      while (i < a.size() && a[i] == '0') ++i;
      while (j < b.size() && b[j] == '0') ++j;
      std::size_t x = i, y = j;
      while (x < a.size() && is_digit(a[x])) ++x;
      while (y < b.size() && is_digit(b[y])) ++y;
      const int order = a.compare(i, x - i, b, j, y - j);
      if (x - i != y - j) return x - i < y - j;
      if (order != 0) return order < 0;
      i = x, j = y;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
    }
  }
  if (a.size() - i != b.size() - j) return a.size() - i < b.size() - j;
  return a < b;
}

GroupFinding find_groups(const Dataset& dataset, const Survey& survey) {
  GroupFinding finding;
  finding.group.resize(dataset.items.size());
  std::vector<Sequence> all;
  std::vector<double> distance, distance_by_chance, near_by_chance, next, any;
  for (auto& [folder, list] : sequences(dataset)) {
    Sequence s;
    for (const std::size_t i : list)
      if (survey.usable(i)) s.items.push_back(i);
    if (s.items.empty()) continue;
    s.pictures = unit_pictures(survey, s.items);
    finding.images += s.items.size();
    if (s.items.size() > 1) {
      measure_order(s, distance, distance_by_chance, near_by_chance);
      measure_likeness(s, next, any);
    }
    all.push_back(std::move(s));
  }
  if (any.size() < 100) any = likeness_across(all, survey);
  std::vector<double> near;
  for (const double d : distance) near.push_back(d <= 2 ? 1 : 0);
  finding.distance = quantile(distance, 0.5);
  finding.distance_by_chance = quantile(distance_by_chance, 0.5);
  finding.near = mean(near);
  finding.near_by_chance = mean(near_by_chance);
  finding.alike_next = quantile(next, 0.5);
  finding.alike_any = quantile(any, 0.5);
  finding.threshold = any.size() < 100 ? 0.95 : quantile(any, 0.99);
  // Chance scatters the share by its binomial deviation; four of them are no accident.
  const double n = static_cast<double>(std::max<std::size_t>(distance.size(), 1));
  const double p = finding.near_by_chance;
  finding.order_tells = finding.near > p + std::max(0.05, 4 * std::sqrt(p * (1 - p) / n));

  std::size_t in_run = 0;
  for (const Sequence& s : all) {
    for (std::size_t k = 0; k < s.items.size(); ++k) {
      const bool same = k > 0 && finding.order_tells && goes_on(s, survey, k, finding.threshold);
      finding.groups += !same;
      in_run = same ? in_run + 1 : 1;
      finding.largest = std::max(finding.largest, in_run);
      finding.group[s.items[k]] = fmt::format("run{:05}", finding.groups);
    }
  }
  return finding;
}

std::vector<std::string> block_groups(const Dataset& dataset, std::size_t length) {
  std::vector<std::string> group(dataset.items.size());
  std::size_t number = 0;
  for (const auto& [folder, list] : sequences(dataset)) {
    for (std::size_t k = 0; k < list.size(); ++k) {
      number += k % length == 0;
      group[list[k]] = fmt::format("block{:05}", number);
    }
  }
  return group;
}

std::string describe(const GroupFinding& f) {
  std::string text;
  text += fmt::format("nearest image     {:.0f} places away in the median; by chance {:.0f}\n",
                      f.distance, f.distance_by_chance);
  text += fmt::format("at most 2 away    {:.1f} % of images; by chance {:.1f} %\n", 100 * f.near,
                      100 * f.near_by_chance);
  text += fmt::format("likeness          {:.3f} of neighbours, {:.3f} of any two (correlation)\n",
                      f.alike_next, f.alike_any);
  text += f.order_tells ? fmt::format(
                              "runs              {} of {} images, the largest of {} (alike: above "
                              "{:.3f})\n",
                              f.groups, f.images, f.largest, f.threshold)
                        : "runs              none: the order of file names tells nothing here\n";
  return text;
}

}  // namespace hilum
