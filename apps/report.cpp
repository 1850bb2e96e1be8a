// Tables and JSON of what a network scored.
#include "apps/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/terminal.h"
#include "data/bootstrap.h"
#include "engine/json.h"

namespace hilum {
namespace {

using nlohmann::json;

json rate_json(const Rate& rate) {
  if (rate.n == 0) return {{"k", 0}, {"n", 0}, {"value", nullptr}};
  return {{"k", rate.k},
          {"n", rate.n},
          {"value", rate.value()},
          {"low", rate.low()},
          {"high", rate.high()}};
}

json number_or_null(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

std::string auc_text(const ClassMetrics& one) {
  return interval_text({one.auc, one.auc_low, one.auc_high});
}

json interval_json(const Interval& of) {
  return {{"value", number_or_null(of.value)},
          {"low", number_or_null(of.low)},
          {"high", number_or_null(of.high)}};
}

std::string number_text(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.3f}", value);
}

std::string bootstrap_note(const Evaluation& evaluation) {
  return evaluation.grouped ? fmt::format("{} groups drawn whole", evaluation.groups)
                            : "images drawn one by one";
}

std::vector<std::vector<std::string>> headline(const Evaluation& evaluation) {
  const Metrics& metrics = evaluation.metrics;
  using W = WeightedMetrics;
  std::vector<std::vector<std::string>> rows = {
      {fmt::format("{}, {} images", evaluation.split, metrics.accuracy.n),
       "95 % intervals in brackets"},
      {"accuracy", rate_text(metrics.accuracy)},
      {"majority floor", rate_text(metrics.majority) + "  always the most frequent class"},
      {"balanced accuracy", interval_text(evaluation.bootstrap[W::balanced_accuracy])},
      {"macro F1", interval_text(evaluation.bootstrap[W::macro_f1])},
      {"MCC", interval_text(evaluation.bootstrap[W::mcc])},
      {"macro AUC", macro_auc_text(metrics)},
      {"cross-entropy", fmt::format("{:.4f}", metrics.loss)},
      {"calibration",
       fmt::format("ECE {:.3f}, Brier {:.3f}", evaluation.raw.ece, evaluation.raw.brier)}};
  if (evaluation.grouped) {
    rows.insert(rows.begin() + 2, {"  by group", interval_text(evaluation.bootstrap[W::accuracy]) +
                                                     "  bootstrap, " + bootstrap_note(evaluation)});
    rows.insert(rows.begin() + 8,
                {"  by group", interval_text(evaluation.bootstrap[W::macro_auc]) + "  bootstrap"});
  }
  if (evaluation.fitted) {
    rows.push_back({"  with temperature",
                    fmt::format("ECE {:.3f}, Brier {:.3f}  {}", evaluation.calibrated.ece,
                                evaluation.calibrated.brier, temperature_text(evaluation))});
  }
  return rows;
}

std::string positive_text(const Evaluation& evaluation) {
  const NamedClass& of = *evaluation.positive;
  std::vector<std::vector<std::string>> rows = {
      {fmt::format("positive is {}", of.name),
       fmt::format("called where p >= {:.4f} ({})", of.counts.threshold, of.rule)},
      {"sensitivity", rate_text(of.counts.sensitivity())},
      {"specificity", rate_text(of.counts.specificity())},
      {"PPV", rate_text(of.counts.ppv())},
      {"NPV", rate_text(of.counts.npv())},
      {"F1", number_text(of.counts.f1())},
      {"MCC", number_text(of.counts.mcc())},
      {"AUC", interval_text(of.auc)},
      {"average precision", number_text(of.average_precision)}};
  if (of.at_prevalence) {
    const PredictiveValues& values = *of.at_prevalence;
    rows.push_back(
        {fmt::format("at prevalence {:g}", values.prevalence),
         fmt::format("PPV {}, NPV {}", interval_text(values.ppv), interval_text(values.npv))});
  }
  return text_table(rows, true);
}

json calibration_json(const Calibration& of) {
  json bins = json::array();
  for (const ReliabilityBin& bin : of.bins) {
    bins.push_back({{"low", bin.low},
                    {"high", bin.high},
                    {"mean", number_or_null(bin.mean_score)},
                    {"right", rate_json(bin.hits)}});
  }
  return {{"ece", of.ece}, {"brier", of.brier}, {"bins", bins}};
}

json positive_json(const NamedClass& of) {
  json result = {{"class", of.name},
                 {"threshold", of.counts.threshold},
                 {"rule", of.rule},
                 {"sensitivity", rate_json(of.counts.sensitivity())},
                 {"specificity", rate_json(of.counts.specificity())},
                 {"ppv", rate_json(of.counts.ppv())},
                 {"npv", rate_json(of.counts.npv())},
                 {"f1", number_or_null(of.counts.f1())},
                 {"balanced_accuracy", number_or_null(of.counts.balanced_accuracy())},
                 {"mcc", of.counts.mcc()},
                 {"auc", interval_json(of.auc)},
                 {"average_precision", number_or_null(of.average_precision)}};
  if (of.at_prevalence) {
    result["at_prevalence"] = {{"prevalence", of.at_prevalence->prevalence},
                               {"ppv", interval_json(of.at_prevalence->ppv)},
                               {"npv", interval_json(of.at_prevalence->npv)}};
  }
  return result;
}

}  // namespace

std::string rate_text(const Rate& rate) {
  if (rate.n == 0) return "0/0";
  return fmt::format("{}/{} = {:.1f} % [{:.1f}, {:.1f}]", rate.k, rate.n, 100 * rate.value(),
                     100 * rate.low(), 100 * rate.high());
}

std::string interval_text(const Interval& interval) {
  if (std::isnan(interval.value)) return "-";
  if (std::isnan(interval.low)) return number_text(interval.value);
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", interval.value, interval.low, interval.high);
}

std::string macro_auc_text(const Metrics& metrics) {
  return metrics.classes.size() == 2 ? auc_text(metrics.by_class.front())
                                     : number_text(metrics.macro_auc);
}

std::string temperature_text(const Evaluation& evaluation) {
  std::string text =
      fmt::format("T = {:.2f}, fitted on {}", evaluation.temperature,
                  evaluation.same_images ? "these images: it flatters"
                                         : fmt::format("val ({} images)", evaluation.val_images));
  return evaluation.bounded ? text + "; at its bound, they do not fix it" : text;
}

std::string metrics_text(const Evaluation& evaluation) {
  const Metrics& metrics = evaluation.metrics;
  std::string text = text_table(headline(evaluation), true);
  if (evaluation.positive) text += '\n' + positive_text(evaluation);
  std::vector<std::vector<std::string>> rows = {
      {"class", "precision", "sensitivity", "specificity", "F1", "AUC one-vs-rest"}};
  for (const ClassMetrics& one : metrics.by_class) {
    rows.push_back({one.name, rate_text(one.precision), rate_text(one.sensitivity),
                    rate_text(one.specificity), number_text(one.f1), auc_text(one)});
  }
  text += '\n' + text_table(rows);

  rows = {{"truth \\ prediction"}};
  const std::size_t n = metrics.classes.size();
  for (const std::string& name : metrics.classes) rows[0].push_back(name);
  for (std::size_t truth = 0; truth < n; ++truth) {
    rows.push_back({metrics.classes[truth]});
    for (std::size_t predicted = 0; predicted < n; ++predicted) {
      rows.back().push_back(std::to_string(metrics.confusion[truth * n + predicted]));
    }
  }
  return text + '\n' + text_table(rows);
}

json metrics_json(const Evaluation& evaluation) {
  const Metrics& metrics = evaluation.metrics;
  json result;
  if (!evaluation.data.empty()) result["data"] = evaluation.data;
  const EvaluationOptions& options = evaluation.options;
  result["options"] = {{"positive", options.positive},
                       {"threshold", options.threshold},
                       {"prevalence", options.prevalence},
                       {"seed", options.seed}};
  result["split"] = evaluation.split;
  result["images"] = metrics.accuracy.n;
  result["classes"] = metrics.classes;
  result["accuracy"] = rate_json(metrics.accuracy);
  result["majority"] = rate_json(metrics.majority);
  result["balanced_accuracy"] = number_or_null(metrics.balanced_accuracy);
  result["macro_f1"] = number_or_null(metrics.macro_f1);
  result["macro_auc"] = number_or_null(metrics.macro_auc);
  result["loss"] = number_or_null(metrics.loss);
  const std::size_t n = metrics.classes.size();
  json matrix = json::array();
  for (std::size_t truth = 0; truth < n; ++truth) {
    const auto begin = metrics.confusion.begin() + static_cast<std::ptrdiff_t>(truth * n);
    matrix.push_back(std::vector<std::size_t>(begin, begin + static_cast<std::ptrdiff_t>(n)));
  }
  result["confusion"] = {{"rows", "truth"}, {"columns", "prediction"}, {"counts", matrix}};
  for (const ClassMetrics& one : metrics.by_class) {
    result["by_class"].push_back({{"class", one.name},
                                  {"precision", rate_json(one.precision)},
                                  {"sensitivity", rate_json(one.sensitivity)},
                                  {"specificity", rate_json(one.specificity)},
                                  {"npv", rate_json(one.npv)},
                                  {"f1", number_or_null(one.f1)},
                                  {"average_precision", number_or_null(one.average_precision)},
                                  {"auc", number_or_null(one.auc)},
                                  {"auc_low", number_or_null(one.auc_low)},
                                  {"auc_high", number_or_null(one.auc_high)}});
  }
  result["mcc"] = metrics.mcc;
  if (evaluation.positive) result["positive"] = positive_json(*evaluation.positive);
  result["calibration"] = calibration_json(evaluation.raw);
  if (evaluation.fitted) {
    result["temperature"] = {{"value", evaluation.temperature},
                             {"at_bound", evaluation.bounded},
                             {"images", evaluation.val_images},
                             {"fitted_on", evaluation.same_images ? "these images" : "val"},
                             {"calibration", calibration_json(evaluation.calibrated)}};
  }
  using W = WeightedMetrics;
  const std::vector<Interval>& bootstrap = evaluation.bootstrap;
  result["bootstrap"] = {{"drawn", bootstrap_note(evaluation)},
                         {"accuracy", interval_json(bootstrap[W::accuracy])},
                         {"balanced_accuracy", interval_json(bootstrap[W::balanced_accuracy])},
                         {"macro_f1", interval_json(bootstrap[W::macro_f1])},
                         {"mcc", interval_json(bootstrap[W::mcc])},
                         {"macro_auc", interval_json(bootstrap[W::macro_auc])}};
  return result;
}

}  // namespace hilum
