// Pairs, ranking and warnings.
#include "apps/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "data/bootstrap.h"
#include "kernels/error.h"

namespace hilum {
namespace {

// Images that both tables have, in the order of the first: probes may leave some out.
struct Paired {
  PredictionTable a, b;
};

PredictionTable rows_of(const PredictionTable& table, const std::vector<std::size_t>& which) {
  PredictionTable part;
  part.classes = table.classes;
  const std::size_t k = table.classes.size();
  for (const std::size_t i : which) {
    part.rows.push_back(table.rows[i]);
    part.labels.push_back(table.labels[i]);
    part.logits.insert(part.logits.end(), table.logits.begin() + static_cast<std::ptrdiff_t>(i * k),
                       table.logits.begin() + static_cast<std::ptrdiff_t>((i + 1) * k));
  }
  return part;
}

Paired pair_up(const PredictionTable& a, const PredictionTable& b) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < b.size(); ++i) places[b.rows[i].path] = i;
  std::vector<std::size_t> of_a, of_b;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto found = places.find(a.rows[i].path);
    if (found == places.end()) continue;
    of_a.push_back(i);
    of_b.push_back(found->second);
  }
  return {rows_of(a, of_a), rows_of(b, of_b)};
}

// Differences a - b in the figures of WeightedMetrics, resampled together.
std::vector<Interval> differences(const Paired& both) {
  const std::size_t k = both.a.classes.size();
  const WeightedMetrics a(both.a.labels, both.a.probabilities(), k),
      b(both.b.labels, both.b.probabilities(), k);
  return cluster_bootstrap(both.a.groups(), [&](const std::vector<std::uint32_t>& weight) {
    std::vector<double> figures = a(weight);
    const std::vector<double> others = b(weight);
    for (std::size_t f = 0; f < figures.size(); ++f) figures[f] -= others[f];
    return figures;
  });
}

// Two-sided, of a difference whose 95 % interval is known and taken as normal.
double p_of(const Interval& difference) {
  if (difference.value == 0) return 1;
  const double deviation = (difference.high - difference.low) / (2 * z95);
  return std::erfc(std::abs(difference.value) / deviation / std::sqrt(2.0));
}

Pair compare_pair(const Comparison& comparison, std::size_t a, std::size_t b) {
  const Paired both =
      pair_up(comparison.rows[a].evaluation.table, comparison.rows[b].evaluation.table);
  Pair pair;
  pair.a = a;
  pair.b = b;
  const std::vector<Interval> of = differences(both);
  pair.accuracy = of[WeightedMetrics::accuracy];
  pair.auc = of[WeightedMetrics::macro_auc];
  pair.mcnemar = mcnemar(both.a.right(), both.b.right());
  pair.auc_p = p_of(pair.auc);
  if (both.a.classes.size() == 2 && !both.a.grouped()) {
    const OneVsRest x = one_vs_rest(both.a.labels, both.a.probabilities(), 2, 0),
                    y = one_vs_rest(both.b.labels, both.b.probabilities(), 2, 0);
    pair.auc_p = delong_test(x.positive, x.score, y.score).p;
  }
  return pair;
}

std::string names_of(const Comparison& comparison, const std::vector<std::size_t>& rows) {
  std::string text;
  for (const std::size_t at : rows) {
    text += (text.empty() ? "" : ", ") + comparison.rows[at].name;
  }
  return text;
}

void measure_leads(Comparison& comparison, const std::vector<std::size_t>& networks) {
  std::vector<std::size_t> close;
  for (const std::size_t network : networks) {
    for (std::size_t p = 0; p < comparison.rows.size(); ++p) {
      const Contender& probe = comparison.rows[p];
      if (probe.kind != Kind::probe || probe.name.starts_with("shuffled")) continue;
      comparison.leads.push_back(
          {network, p, lead_over(comparison.rows[network].evaluation, probe.evaluation)});
      const bool known = !close.empty() && close.back() == network;
      if (!comparison.leads.back().clear() && !known) close.push_back(network);
    }
  }
  if (close.empty()) return;
  comparison.warnings.push_back("May see no more than a probe does (leads with a star): " +
                                names_of(comparison, close) + '.');
}

void correct_for_number(std::vector<Pair>& pairs) {
  std::vector<double> by_mcnemar, by_area;
  for (const Pair& pair : pairs) {
    by_mcnemar.push_back(pair.mcnemar.p);
    by_area.push_back(pair.auc_p);
  }
  by_mcnemar = holm(by_mcnemar);
  by_area = holm(by_area);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i].mcnemar_holm = by_mcnemar[i];
    pairs[i].auc_holm = by_area[i];
  }
}

}  // namespace

Rate Contender::pooled_accuracy() const {
  Rate rate;
  for (const Metrics& of : seeds) {
    rate.k += of.accuracy.k;
    rate.n += of.accuracy.n;
  }
  return rate;
}

bool Pair::differs() const { return mcnemar_holm < 0.05 || auc_holm < 0.05; }

Interval lead_over(const Evaluation& network, const Evaluation& probe) {
  return differences(pair_up(network.table, probe.table))[WeightedMetrics::accuracy];
}

std::vector<double> aucs(const std::vector<Metrics>& of) {
  std::vector<double> values;
  for (const Metrics& one : of) values.push_back(one.macro_auc);
  return values;
}

void compare_rows(Comparison& comparison) {
  std::vector<std::size_t> networks;
  for (std::size_t i = 0; i < comparison.rows.size(); ++i) {
    if (comparison.rows[i].kind == Kind::network) networks.push_back(i);
  }
  for (std::size_t i = 0; i < networks.size(); ++i) {
    for (std::size_t j = i + 1; j < networks.size(); ++j) {
      comparison.pairs.push_back(compare_pair(comparison, networks[i], networks[j]));
    }
  }
  correct_for_number(comparison.pairs);
  comparison.ranking = networks;
  std::stable_sort(comparison.ranking.begin(), comparison.ranking.end(),
                   [&](std::size_t a, std::size_t b) {
                     return comparison.rows[a].evaluation.metrics.macro_auc >
                            comparison.rows[b].evaluation.metrics.macro_auc;
                   });
  measure_leads(comparison, networks);
  std::vector<std::size_t> single;
  for (const std::size_t network : networks) {
    if (comparison.rows[network].seeds.size() == 1) single.push_back(network);
  }
  if (!single.empty()) {
    comparison.warnings.push_back(fmt::format(
        "A single seed, so how much it varies is not known: {}.", names_of(comparison, single)));
  }
  if (comparison.split == "val") {
    comparison.warnings.push_back(
        "These are the validation images, on which each run's best epoch was chosen: every "
        "network's "
        "figures flatter.");
  }
}

}  // namespace hilum
