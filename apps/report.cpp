// Tables, JSON and CSV of what a network scored.
#include "apps/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/terminal.h"
#include "data/csv.h"

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
  if (std::isnan(one.auc)) return "-";
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", one.auc, one.auc_low, one.auc_high);
}

std::string number_text(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.3f}", value);
}

}  // namespace

std::string rate_text(const Rate& rate) {
  if (rate.n == 0) return "0/0";
  return fmt::format("{}/{} = {:.1f} % [{:.1f}, {:.1f}]", rate.k, rate.n, 100 * rate.value(),
                     100 * rate.low(), 100 * rate.high());
}

std::string macro_auc_text(const Metrics& metrics) {
  return metrics.classes.size() == 2 ? auc_text(metrics.by_class.front())
                                     : number_text(metrics.macro_auc);
}

std::string metrics_text(const Metrics& metrics, const std::string& split) {
  std::string text = text_table(
      {{fmt::format("{}, {} images", split, metrics.accuracy.n), "95 % intervals in brackets"},
       {"accuracy", rate_text(metrics.accuracy)},
       {"majority floor", rate_text(metrics.majority) + "  always the most frequent class"},
       {"balanced accuracy", number_text(metrics.balanced_accuracy)},
       {"macro F1", number_text(metrics.macro_f1)},
       {"macro AUC", macro_auc_text(metrics)},
       {"cross-entropy", fmt::format("{:.4f}", metrics.loss)}},
      true);

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

json metrics_json(const Metrics& metrics, const std::string& split) {
  json result;
  result["split"] = split;
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
                                  {"f1", number_or_null(one.f1)},
                                  {"auc", number_or_null(one.auc)},
                                  {"auc_low", number_or_null(one.auc_low)},
                                  {"auc_high", number_or_null(one.auc_high)}});
  }
  return result;
}

std::string predictions_csv(const Predictions& predictions, const Dataset& dataset) {
  std::vector<std::string> header = {"split", "path", "label", "group", "predicted"};
  for (const std::string& name : dataset.classes) header.push_back("logit:" + name);
  std::string text = csv_line(header);
  for (std::size_t i = 0; i < predictions.index.size(); ++i) {
    const Item& item = dataset.items[predictions.index[i]];
    const float* z = predictions.logits.data() + i * predictions.classes;
    const auto top = std::max_element(z, z + predictions.classes) - z;
    std::vector<std::string> row = {item.split, item.path.string(), dataset.classes[item.label],
                                    item.group, dataset.classes[static_cast<std::size_t>(top)]};
    for (std::size_t c = 0; c < predictions.classes; ++c)
      row.push_back(fmt::format("{:.9g}", z[c]));
    text += csv_line(row);
  }
  return text;
}

}  // namespace hilum
