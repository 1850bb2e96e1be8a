// The confusion matrix and what follows from it; areas class by class.
#include "data/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/error.h"

namespace hilum {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

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

// Of one class: how often it is true, predicted, and both.
struct Margins {
  std::size_t truths = 0, predictions = 0, hits = 0;
};

std::vector<Margins> margins(const std::vector<std::size_t>& confusion, std::size_t classes) {
  std::vector<Margins> result(classes);
  for (std::size_t i = 0; i < classes; ++i) {
    for (std::size_t j = 0; j < classes; ++j) {
      result[i].truths += confusion[i * classes + j];
      result[j].predictions += confusion[i * classes + j];
    }
    result[i].hits = confusion[i * classes + i];
  }
  return result;
}

double f1(const Margins& of) {
  return of.truths + of.predictions == 0
             ? nan
             : 2.0 * static_cast<double>(of.hits) / static_cast<double>(of.truths + of.predictions);
}

}  // namespace

double mean_of_defined(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (double v : values) {
    if (!std::isnan(v)) sum += v, ++count;
  }
  return count > 0 ? sum / count : nan;
}

ConfusionFigures confusion_figures(const std::vector<std::size_t>& confusion, std::size_t classes) {
  ConfusionFigures figures;
  std::vector<double> sensitivity, f1s;
  const std::vector<Margins> of = margins(confusion, classes);
  for (const Margins& one : of) figures.accuracy.n += one.truths;
  const auto n = static_cast<double>(figures.accuracy.n);
  figures.majority.n = figures.accuracy.n;
  double agreement = 0, truths_squared = 0, predictions_squared = 0;
  for (const Margins& one : of) {
    figures.accuracy.k += one.hits;
    figures.majority.k = std::max(figures.majority.k, one.truths);
    sensitivity.push_back(Rate{one.hits, one.truths}.value());
    f1s.push_back(f1(one));
    const auto t = static_cast<double>(one.truths), p = static_cast<double>(one.predictions);
    agreement += t * p;
    truths_squared += t * t;
    predictions_squared += p * p;
  }
  const double spread = (n * n - truths_squared) * (n * n - predictions_squared);
  const double hits = static_cast<double>(figures.accuracy.k);
  figures.mcc = spread == 0 ? 0 : (n * hits - agreement) / std::sqrt(spread);
  figures.balanced_accuracy = mean_of_defined(sensitivity);
  figures.macro_f1 = mean_of_defined(f1s);
  return figures;
}

OneVsRest one_vs_rest(const std::vector<std::int32_t>& labels,
                      const std::vector<float>& probability, std::size_t classes, std::size_t c) {
  OneVsRest result;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    result.positive.push_back(static_cast<std::size_t>(labels[i]) == c);
    result.score.push_back(static_cast<double>(probability[i * classes + c]));
  }
  return result;
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
  static_cast<ConfusionFigures&>(metrics) = confusion_figures(metrics.confusion, k);

  std::vector<double> areas;
  const std::vector<Margins> of = margins(metrics.confusion, k);
  for (std::size_t c = 0; c < k; ++c) {
    const auto [truths, predictions, hits] = of[c];
    ClassMetrics one;
    one.name = classes[c];
    one.precision = {hits, predictions};
    one.sensitivity = {hits, truths};
    one.specificity = {n - truths - (predictions - hits), n - truths};
    one.npv = {n - truths - (predictions - hits), n - predictions};
    one.f1 = f1(of[c]);
    const OneVsRest split = one_vs_rest(labels, probability, k, c);
    const Auc area = roc_auc(split.positive, split.score);
    one.auc = area.value;
    one.auc_low = area.low;
    one.auc_high = area.high;
    one.average_precision = average_precision(split.positive, split.score);
    areas.push_back(one.auc);
    metrics.by_class.push_back(std::move(one));
  }
  metrics.macro_auc = mean_of_defined(areas);
  return metrics;
}

}  // namespace hilum
