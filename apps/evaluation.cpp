// Puts the metrics of data/ together.
#include "apps/evaluation.h"

#include <algorithm>
#include <set>

#include "data/bootstrap.h"
#include "kernels/error.h"

namespace hilum {
namespace {

bool same_paths(const PredictionTable& a, const PredictionTable& b) {
  return std::equal(
      a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(),
      [](const PredictionRow& x, const PredictionRow& y) { return x.path == y.path; });
}

bool has_both_sides(const OneVsRest& of) {
  return std::find(of.positive.begin(), of.positive.end(), true) != of.positive.end() &&
         std::find(of.positive.begin(), of.positive.end(), false) != of.positive.end();
}

NamedClass named_class(const Evaluation& so_far, const PredictionTable* val, std::size_t c,
                       const EvaluationOptions& options) {
  const PredictionTable& table = so_far.table;
  const std::size_t k = table.classes.size();
  const OneVsRest here = one_vs_rest(table.labels, table.probabilities(), k, c);
  NamedClass named;
  named.name = table.classes[c];
  named.rule = options.threshold;
  double threshold = 1 / static_cast<double>(k);
  const bool number = options.threshold.find_first_not_of("0123456789.") == std::string::npos;
  if (number) {
    threshold = choose_threshold(options.threshold, {}, {});
    named.rule = "given";
  } else if (val != nullptr &&
             has_both_sides(one_vs_rest(val->labels, val->probabilities(), k, c))) {
    const OneVsRest there = one_vs_rest(val->labels, val->probabilities(), k, c);
    threshold = choose_threshold(options.threshold, there.positive, there.score);
    named.rule += " on val";
  } else {
    named.rule = "none: no validation predictions";
  }
  named.counts = binary_metrics(here.positive, here.score, threshold);
  named.auc = roc_auc(here.positive, here.score);
  named.average_precision = average_precision(here.positive, here.score);
  if (options.prevalence != 0) {
    named.at_prevalence = predictive_values(named.counts, options.prevalence);
  }
  return named;
}

}  // namespace

Evaluation evaluate_table(const PredictionTable& table, const std::string& split,
                          const PredictionTable* val, const EvaluationOptions& options) {
  const std::size_t k = table.classes.size();
  if (val != nullptr && val->classes != table.classes) {
    throw data_error("validation predictions are of classes {}. Expected {}.",
                     fmt::join(val->classes, ", "), fmt::join(table.classes, ", "));
  }
  Evaluation result;
  result.options = options;
  result.split = split;
  result.table = table;
  const std::vector<float> probability = table.probabilities();
  result.metrics = compute_metrics(table.classes, table.labels, probability);
  result.metrics.loss = log_loss(table.logits, table.labels, k);
  result.fitted = val != nullptr && val->size() != 0;
  if (result.fitted) {
    result.same_images = same_paths(table, *val);
    result.val_images = val->size();
    const double best = fit_temperature(val->logits, val->labels, k);
    result.temperature = std::clamp(best, 1 / most_temperature, most_temperature);
    result.bounded = result.temperature != best;
  }
  result.raw = calibration(table.labels, probability, k);
  result.calibrated = calibration(table.labels, table.probabilities(result.temperature), k);
  const std::size_t positive = positive_class(table.classes, options.positive);
  if (positive < k) result.positive = named_class(result, val, positive, options);

  const std::vector<std::string> groups = table.groups();
  result.grouped = table.grouped();
  const std::set<std::string> different(groups.begin(), groups.end());
  result.groups = different.size() - different.count("");
  result.bootstrap =
      cluster_bootstrap(groups, WeightedMetrics(table.labels, probability, k), options.seed);
  return result;
}

}  // namespace hilum
