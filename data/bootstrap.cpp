// Resampling of groups, and metrics of weighted sets.
#include "data/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "data/metrics.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::vector<std::vector<std::size_t>> members(const std::vector<std::string>& groups) {
  std::vector<std::vector<std::size_t>> result;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::size_t at = result.size();
    if (!groups[i].empty()) at = known.emplace(groups[i], at).first->second;
    if (at == result.size()) result.emplace_back();
    result[at].push_back(i);
  }
  return result;
}

// Linear between neighbours, as R's type 7. `sorted` is not empty.
double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const double above = sorted[std::min(below + 1, sorted.size() - 1)];
  return sorted[below] + (at - static_cast<double>(below)) * (above - sorted[below]);
}

}  // namespace

std::vector<Interval> cluster_bootstrap(const std::vector<std::string>& groups,
                                        const Statistic& statistic, std::uint64_t seed,
                                        std::size_t resamples) {
  const auto units = members(groups);
  const std::vector<double> as_it_is = statistic(std::vector<std::uint32_t>(groups.size(), 1));
  std::vector<std::vector<double>> drawn(resamples);
  const Philox random = Philox{seed}.child(purpose("bootstrap"));
#pragma omp parallel for schedule(dynamic, 16)
  for (std::size_t r = 0; r < resamples; ++r) {
    const Philox stream = random.child(r);
    std::vector<std::uint32_t> weight(groups.size());
    for (std::size_t k = 0; k < units.size(); ++k) {
      for (const std::size_t i : units[stream.below(k, units.size())]) ++weight[i];
    }
    drawn[r] = statistic(weight);
  }
  std::vector<Interval> result;
  for (std::size_t f = 0; f < as_it_is.size(); ++f) {
    std::vector<double> values;
    for (const std::vector<double>& figures : drawn) {
      if (!std::isnan(figures[f])) values.push_back(figures[f]);
    }
    std::sort(values.begin(), values.end());
    const bool none = values.empty() || std::isnan(as_it_is[f]);
    result.push_back(
        {as_it_is[f], none ? nan : quantile(values, 0.025), none ? nan : quantile(values, 0.975)});
  }
  return result;
}

WeightedMetrics::WeightedMetrics(const std::vector<std::int32_t>& labels,
                                 const std::vector<float>& probability, std::size_t classes)
    : classes_(classes), probability_(probability), order_(classes) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float* row = probability.data() + i * classes;
    labels_.push_back(static_cast<std::size_t>(labels[i]));
    predictions_.push_back(static_cast<std::size_t>(std::max_element(row, row + classes) - row));
  }
  for (std::size_t c = 0; c < classes; ++c) {
    order_[c].resize(labels.size());
    std::iota(order_[c].begin(), order_[c].end(), std::size_t{0});
    std::sort(order_[c].begin(), order_[c].end(), [&](std::size_t a, std::size_t b) {
      return probability_[a * classes_ + c] < probability_[b * classes_ + c];
    });
  }
}

// Pairs in order, ties half, over all pairs of a positive and a negative.
double WeightedMetrics::auc(std::size_t c, const std::vector<std::uint32_t>& weight) const {
  double positives = 0, negatives = 0, ordered = 0;
  const std::vector<std::size_t>& order = order_[c];
  for (std::size_t i = 0; i < order.size();) {
    const float score = probability_[order[i] * classes_ + c];
    double tied_positives = 0, tied_negatives = 0;
    for (; i < order.size() && probability_[order[i] * classes_ + c] == score; ++i) {
      (labels_[order[i]] == c ? tied_positives : tied_negatives) += weight[order[i]];
    }
    ordered += tied_positives * (negatives + tied_negatives / 2);
    positives += tied_positives;
    negatives += tied_negatives;
  }
  return positives * negatives == 0 ? nan : ordered / (positives * negatives);
}

std::vector<double> WeightedMetrics::operator()(const std::vector<std::uint32_t>& weight) const {
  std::vector<std::size_t> confusion(classes_ * classes_);
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    confusion[labels_[i] * classes_ + predictions_[i]] += weight[i];
  }
  const ConfusionFigures figures = confusion_figures(confusion, classes_);
  std::vector<double> areas;
  for (std::size_t c = 0; c < classes_; ++c) areas.push_back(auc(c, weight));
  return {figures.accuracy.value(), figures.balanced_accuracy, figures.macro_f1, figures.mcc,
          mean_of_defined(areas)};
}

}  // namespace hilum
