// Rates with Wilson intervals, areas under the ROC curve with DeLong intervals.
#include "data/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/error.h"

namespace hilum {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double z95 = 1.959963984540054;  // the normal quantile of 0.975

// E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927). The
// bounds at k = 0 and k = n are 0 and 1 exactly.
double wilson(std::size_t k, std::size_t n, double sign) {
  if (n == 0) return nan;
  if (k == 0 && sign < 0) return 0;
  if (k == n && sign > 0) return 1;
  const double count = static_cast<double>(n), p = static_cast<double>(k) / count;
  const double square = z95 * z95;
  const double centre = p + square / (2 * count);
  const double half = z95 * std::sqrt(p * (1 - p) / count + square / (4 * count * count));
  return (centre + sign * half) / (1 + square / count);
}

// Ranks from 1, equal values sharing the mean of theirs.
std::vector<double> midranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0, j; i < order.size(); i = j) {
    for (j = i + 1; j < order.size() && values[order[j]] == values[order[i]];) ++j;
    const double rank = 0.5 * static_cast<double>(i + 1 + j);  // the mean of i + 1 to j
    for (std::size_t k = i; k < j; ++k) ranks[order[k]] = rank;
  }
  return ranks;
}

// Mean and variance of the mean; the latter NaN for a single value.
struct Moments {
  double mean, variance_of_mean;
};
Moments moments(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (double v : values) sum += (v - mean) * (v - mean);
  return {mean, values.size() > 1 ? sum / (n - 1) / n : nan};
}

// Mean over the values that are defined; NaN where none is.
double mean_of_defined(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (double v : values) {
    if (!std::isnan(v)) sum += v, ++count;
  }
  return count > 0 ? sum / count : nan;
}

void check_input(std::size_t classes, const std::vector<std::int32_t>& labels,
                 const std::vector<float>& probability) {
  if (classes == 0 || labels.empty() || probability.size() != labels.size() * classes) {
    throw usage_error(
        "metrics of {} labels, {} classes and {} probabilities: expected one label or more and a "
        "probability for each label and class.",
        labels.size(), classes, probability.size());
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || static_cast<std::size_t>(labels[i]) >= classes) {
      throw usage_error("metrics: label {} of image {} is none of {} classes.", labels[i], i,
                        classes);
    }
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c)
      sum += static_cast<double>(probability[i * classes + c]);
    if (!(std::abs(sum - 1) < 1e-3)) {  // catches NaN too
      throw usage_error(
          "metrics: the probabilities of image {} sum to {}. Expected 1; a NaN means that the "
          "network has diverged (try a smaller learning rate).",
          i, sum);
    }
  }
}

}  // namespace

double Rate::value() const {
  return n == 0 ? nan : static_cast<double>(k) / static_cast<double>(n);
}
double Rate::low() const { return wilson(k, n, -1); }
double Rate::high() const { return wilson(k, n, +1); }

// DeLong, DeLong and Clarke-Pearson (1988), computed from midranks after Sun and Xu, Fast
// implementation of DeLong's algorithm (2014): the share of negatives below a positive is its rank
// among all minus its rank among the positives, over the number of negatives.
Auc roc_auc(const std::vector<bool>& positive, const std::vector<double>& score) {
  if (positive.size() != score.size()) {
    throw usage_error("ROC of {} labels and {} scores: expected as many of each.", positive.size(),
                      score.size());
  }
  std::vector<double> of_positives, of_negatives;
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (std::isnan(score[i])) throw usage_error("ROC: score {} is NaN.", i);
    (positive[i] ? of_positives : of_negatives).push_back(score[i]);
  }
  if (of_positives.empty() || of_negatives.empty()) return {nan, nan, nan};
  const double m = static_cast<double>(of_positives.size());
  const double n = static_cast<double>(of_negatives.size());
  const std::vector<double> all = midranks(score), among_positives = midranks(of_positives),
                            among_negatives = midranks(of_negatives);
  // For each positive the share of negatives below it, for each negative of positives above it.
  std::vector<double> below, above;
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (positive[i]) {
      below.push_back((all[i] - among_positives[below.size()]) / n);
    } else {
      above.push_back(1 - (all[i] - among_negatives[above.size()]) / m);
    }
  }
  const Moments positives = moments(below), negatives = moments(above);
  const double half = z95 * std::sqrt(positives.variance_of_mean + negatives.variance_of_mean);
  const double value = positives.mean;
  if (std::isnan(half)) return {value, nan, nan};
  return {value, std::max(0.0, value - half), std::min(1.0, value + half)};
}

Metrics compute_metrics(const std::vector<std::string>& classes,
                        const std::vector<std::int32_t>& labels,
                        const std::vector<float>& probability) {
  const std::size_t k = classes.size(), n = labels.size();
  check_input(k, labels, probability);
  Metrics metrics;
  metrics.classes = classes;
  metrics.confusion.resize(k * k);
  for (std::size_t i = 0; i < n; ++i) {
    const float* row = &probability[i * k];
    const auto truth = static_cast<std::size_t>(labels[i]);
    const auto prediction = static_cast<std::size_t>(std::max_element(row, row + k) - row);
    ++metrics.confusion[truth * k + prediction];
    // A probability of zero would make the mean infinite and hide all the others.
    metrics.loss -= std::log(std::max(static_cast<double>(row[truth]), 1e-15));
  }
  metrics.loss /= static_cast<double>(n);

  std::vector<double> sensitivity, f1, auc;
  metrics.accuracy.n = metrics.majority.n = n;
  for (std::size_t c = 0; c < k; ++c) {
    std::size_t truths = 0, predictions = 0;
    for (std::size_t j = 0; j < k; ++j) {
      truths += metrics.confusion[c * k + j];
      predictions += metrics.confusion[j * k + c];
    }
    const std::size_t hits = metrics.confusion[c * k + c];
    metrics.accuracy.k += hits;
    metrics.majority.k = std::max(metrics.majority.k, truths);

    ClassMetrics of_class;
    of_class.name = classes[c];
    of_class.precision = {hits, predictions};
    of_class.sensitivity = {hits, truths};
    of_class.specificity = {n - truths - (predictions - hits), n - truths};
    of_class.f1 = truths + predictions == 0
                      ? nan
                      : 2.0 * static_cast<double>(hits) / static_cast<double>(truths + predictions);
    std::vector<bool> positive(n);
    std::vector<double> score(n);
    for (std::size_t i = 0; i < n; ++i) {
      positive[i] = static_cast<std::size_t>(labels[i]) == c;
      score[i] = static_cast<double>(probability[i * k + c]);
    }
    const Auc area = roc_auc(positive, score);
    of_class.auc = area.value;
    of_class.auc_low = area.low;
    of_class.auc_high = area.high;

    sensitivity.push_back(of_class.sensitivity.value());
    f1.push_back(of_class.f1);
    auc.push_back(of_class.auc);
    metrics.by_class.push_back(std::move(of_class));
  }
  metrics.balanced_accuracy = mean_of_defined(sensitivity);
  metrics.macro_f1 = mean_of_defined(f1);
  metrics.macro_auc = mean_of_defined(auc);
  return metrics;
}

}  // namespace hilum
