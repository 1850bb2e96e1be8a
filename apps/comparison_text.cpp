// A comparison as tables, sentences, CSV and JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/comparison.h"
#include "apps/report.h"
#include "apps/terminal.h"
#include "data/csv.h"
#include "engine/json.h"

namespace hilum {
namespace {

using Table = std::vector<std::vector<std::string>>;
using nlohmann::json;

double mean(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

// Of a sample: n - 1 in the denominator.
double deviation(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += (v - mean(x)) * (v - mean(x));
  return std::sqrt(sum / static_cast<double>(x.size() - 1));
}

template <class Get>
std::vector<double> collect(const std::vector<Metrics>& of, Get get) {
  std::vector<double> values;
  for (const Metrics& one : of) values.push_back(get(one));
  return values;
}

std::string points_text(const Interval& of) {
  return fmt::format("{:+.1f} [{:+.1f}, {:+.1f}]", 100 * of.value, 100 * of.low, 100 * of.high);
}

std::string p_text(double p) {
  return std::isnan(p) ? "-" : p < 0.0001 ? "< 0.0001" : fmt::format("{:.4f}", p);
}

std::string seeds_accuracy(const Contender& row) {
  const Rate pooled = row.pooled_accuracy();
  const auto each = collect(row.seeds, [](const Metrics& m) { return m.accuracy.value(); });
  std::string text = fmt::format("{}/{} = {:.1f} %", pooled.k, pooled.n, 100 * pooled.value());
  if (each.size() > 1) text += fmt::format(" ± {:.1f}", 100 * deviation(each));
  return text;
}

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

const char* kind_name(Kind kind) {
  return kind == Kind::probe ? "probe" : kind == Kind::network ? "network" : "variation";
}

}  // namespace

std::string mean_text(const std::vector<double>& values) {
  if (values.empty()) return "-";
  if (values.size() == 1) return fmt::format("{:.3f}", values[0]);
  return fmt::format("{:.3f} ± {:.3f}", mean(values), deviation(values));
}

Table score_table(const Comparison& comparison) {
  Table table = {{"", "runs", "accuracy of the runs", "AUC of the runs", "val AUC",
                  "accuracy, ensemble", "macro F1", "AUC, ensemble"}};
  for (const Contender& row : comparison.rows) {
    const Metrics& m = row.evaluation.metrics;
    const bool runs = !row.seeds.empty();
    table.push_back(
        {row.name,
         row.kind == Kind::network ? fmt::format("{}/{}", row.seeds.size(), row.planned) : "",
         runs ? seeds_accuracy(row) : "", runs ? mean_text(aucs(row.seeds)) : "",
         runs ? mean_text(aucs(row.val)) : "", rate_text(m.accuracy),
         std::isnan(m.macro_f1) ? "-" : fmt::format("{:.3f}", m.macro_f1), macro_auc_text(m)});
  }
  return table;
}

Table pair_table(const Comparison& comparison) {
  Table table = {{"pair", "accuracy, points", "McNemar", "p", "p (Holm)", "AUC, points", "p",
                  "p (Holm)", "verdict"}};
  for (const Pair& pair : comparison.pairs) {
    table.push_back(
        {comparison.rows[pair.a].name + " - " + comparison.rows[pair.b].name,
         points_text(pair.accuracy), fmt::format("{}:{}", pair.mcnemar.only_a, pair.mcnemar.only_b),
         p_text(pair.mcnemar.p), p_text(pair.mcnemar_holm), points_text(pair.auc),
         p_text(pair.auc_p), p_text(pair.auc_holm), pair.differs() ? "differ" : "cannot tell"});
  }
  return table;
}

std::string lead_text(const Interval& lead) {
  return points_text(lead) + (lead.low > 0 ? "" : " *");
}

Table lead_table(const Comparison& comparison) {
  Table table = {{""}};
  std::vector<std::size_t> probes;
  for (const Lead& lead : comparison.leads) {
    if (lead.network != comparison.leads.front().network) continue;
    probes.push_back(lead.probe);
    table.push_back({comparison.rows[lead.probe].name});
  }
  for (std::size_t i = 0; i < comparison.leads.size(); ++i) {
    const Lead& lead = comparison.leads[i];
    if (i % probes.size() == 0) table[0].push_back(comparison.rows[lead.network].name);
    table[1 + i % probes.size()].push_back(lead_text(lead.accuracy));
  }
  return table;
}

Table cost_table(const Comparison& comparison) {
  Table table = {
      {"", "parameters", "MFLOP an image", "training, s a run", "peak memory, MiB", "best epoch"}};
  for (const Contender& row : comparison.rows) {
    if (row.kind != Kind::network) continue;
    const RunCost& c = row.cost;
    table.push_back({row.name, fmt::format("{:.0f}", c.parameters), fmt::format("{:.1f}", c.mflop),
                     fmt::format("{:.1f}", c.seconds), fmt::format("{:.0f}", c.peak_mib),
                     fmt::format("{:.1f}", c.best_epoch)});
  }
  return table;
}

std::vector<std::string> ranking_lines(const Comparison& comparison) {
  std::vector<std::string> lines;
  if (comparison.ranking.empty()) return lines;
  const std::size_t first = comparison.ranking[0];
  bool any = false;
  for (std::size_t place = 0; place < comparison.ranking.size(); ++place) {
    const std::size_t at = comparison.ranking[place];
    const Contender& row = comparison.rows[at];
    std::string line =
        fmt::format("{}. {}  AUC {}", place + 1, row.name, macro_auc_text(row.evaluation.metrics));
    for (const Pair& pair : comparison.pairs) {
      const bool this_one = (pair.a == first && pair.b == at) || (pair.b == first && pair.a == at);
      if (!this_one) continue;
      line += pair.differs() ? "  worse than the first" : "  cannot be told from the first";
    }
    lines.push_back(line);
  }
  for (const Pair& pair : comparison.pairs) any = any || pair.differs();
  const std::size_t n = comparison.rows[first].evaluation.metrics.accuracy.n;
  if (!any && comparison.ranking.size() > 1) {
    lines.push_back(fmt::format(
        "No network can be told from any other on these {} images: the order above may be chance.",
        n));
  }
  std::size_t chosen = first;
  for (const std::size_t at : comparison.ranking) {
    if (mean(aucs(comparison.rows[at].val)) > mean(aucs(comparison.rows[chosen].val))) chosen = at;
  }
  lines.push_back(fmt::format("Chosen by validation AUC, as a choice should be: {}.",
                              comparison.rows[chosen].name));
  return lines;
}

std::string area_test(const Comparison& comparison) {
  const Evaluation& any = comparison.rows[comparison.ranking.at(0)].evaluation;
  return any.table.classes.size() == 2 && !any.grouped
             ? "DeLong's test"
             : fmt::format("bootstrap of {}", any.grouped ? "whole groups" : "images");
}

std::string comparison_text(const Comparison& comparison) {
  const Contender& any = comparison.rows.front();
  std::string text = fmt::format(
      "{}, {} images of {}; 95 % intervals in brackets, ± is the "
      "deviation over seeds\n\n",
      comparison.split, any.evaluation.table.size(), comparison.data);
  text += text_table(score_table(comparison), true);
  if (!comparison.pairs.empty()) {
    text +=
        "\nDifferences between the networks' ensembles; McNemar exact: right only first : only "
        "second\n" +
        text_table(pair_table(comparison), true);
  }
  if (!comparison.leads.empty()) {
    text += "\nLeads over the probes in points of accuracy; *: not clearly above\n" +
            text_table(lead_table(comparison), true);
  }
  text += "\nRanking\n";
  for (const std::string& line : ranking_lines(comparison)) text += line + '\n';
  text += "\nCost on this machine, mean over runs\n" + text_table(cost_table(comparison));
  for (const std::string& line : comparison.searched) text += line + '\n';
  if (!comparison.warnings.empty()) text += '\n';
  for (const std::string& line : comparison.warnings) text += "warning: " + line + '\n';
  for (const Failure& failure : comparison.failures) {
    text += fmt::format("failed: {}: {}\n", failure.run, failure.reason);
  }
  return text;
}

std::string comparison_csv(const Comparison& comparison) {
  std::string text;
  for (const Table& table : {score_table(comparison), pair_table(comparison)}) {
    for (const auto& row : table) text += csv_line(row);
  }
  for (const std::string& line : ranking_lines(comparison)) text += csv_line({line});
  return text;
}

json comparison_json(const Comparison& comparison) {
  json rows = json::array(), pairs = json::array(), failures = json::array();
  for (const Contender& row : comparison.rows) {
    json one = metrics_json(row.evaluation);
    one["name"] = row.name;
    one["kind"] = kind_name(row.kind);
    one["note"] = row.note;
    one["planned"] = row.planned;
    one["seeds"] = json::array();
    for (std::size_t s = 0; s < row.seeds.size(); ++s) {
      const Rate& rate = row.seeds[s].accuracy;
      one["seeds"].push_back({{"accuracy", {{"k", rate.k}, {"n", rate.n}}},
                              {"auc", number(row.seeds[s].macro_auc)},
                              {"val_auc", number(row.val[s].macro_auc)}});
    }
    one["cost"] = {{"parameters", row.cost.parameters},
                   {"mflop", row.cost.mflop},
                   {"seconds", row.cost.seconds},
                   {"peak_mib", row.cost.peak_mib},
                   {"best_epoch", row.cost.best_epoch}};
    rows.push_back(std::move(one));
  }
  const auto interval = [](const Interval& of) {
    return json{{"value", number(of.value)}, {"low", number(of.low)}, {"high", number(of.high)}};
  };
  for (const Pair& pair : comparison.pairs) {
    pairs.push_back({{"a", comparison.rows[pair.a].name},
                     {"b", comparison.rows[pair.b].name},
                     {"accuracy", interval(pair.accuracy)},
                     {"auc", interval(pair.auc)},
                     {"mcnemar",
                      {{"only_a", pair.mcnemar.only_a},
                       {"only_b", pair.mcnemar.only_b},
                       {"p", pair.mcnemar.p},
                       {"holm", pair.mcnemar_holm}}},
                     {"auc_test", {{"p", number(pair.auc_p)}, {"holm", number(pair.auc_holm)}}},
                     {"differs", pair.differs()}});
  }
  json leads = json::array();
  for (const Lead& lead : comparison.leads) {
    leads.push_back({{"network", comparison.rows[lead.network].name},
                     {"probe", comparison.rows[lead.probe].name},
                     {"accuracy", interval(lead.accuracy)}});
  }
  for (const Failure& failure : comparison.failures) {
    failures.push_back({{"run", failure.run}, {"reason", failure.reason}});
  }
  return {{"data", comparison.data},
          {"split", comparison.split},
          {"rows", rows},
          {"pairs", pairs},
          {"leads", leads},
          {"ranking", ranking_lines(comparison)},
          {"search", comparison.searched},
          {"warnings", comparison.warnings},
          {"failures", failures}};
}

}  // namespace hilum
