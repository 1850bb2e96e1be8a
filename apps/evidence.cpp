// Survey, audit and probes of data/, as the reports want them.
#include "apps/evidence.h"

#include <algorithm>
#include <cmath>

#include "data/probes.h"
#include "data/survey.h"

namespace hilum {
namespace {

PredictionTable table_of_probe(const ProbeResult& probe, const Dataset& dataset,
                               const std::vector<std::size_t>& which) {
  PredictionTable table;
  table.classes = dataset.classes;
  table.labels = probe.labels;
  for (const std::size_t i : which) {
    const Item& item = dataset.items[i];
    table.rows.push_back({item.split, item.path.string(), item.group});
  }
  for (const float p : probe.probability) table.logits.push_back(std::log(std::max(p, 1e-30f)));
  return table;
}

std::vector<Contender> probe_rows(const Dataset& dataset, const Survey& survey,
                                  const std::string& split, Device device) {
  ProbeOptions options;
  options.test = split;
  options.device = device;
  const std::vector<std::size_t> which = probed_images(dataset, survey, split);
  std::vector<Contender> rows;
  for (const ProbeResult& probe : run_probes(dataset, survey, options)) {
    Contender row;
    row.kind = Kind::probe;
    row.name = probe.name;
    row.note = probe.shows;
    row.evaluation.table = table_of_probe(probe, dataset, which);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Evidence gather_evidence(Dataset dataset, const std::string& split, bool probes, Device device) {
  const Survey survey = make_survey(dataset);
  Evidence evidence;
  evidence.audit = audit(dataset, survey);
  const bool grouped = std::any_of(dataset.items.begin(), dataset.items.end(),
                                   [](const Item& item) { return !item.group.empty(); });
  if (!grouped) evidence.order = find_groups(dataset, survey);
  if (probes) evidence.probes = probe_rows(dataset, survey, split, device);
  for (Contender& row : evidence.probes) {
    row.evaluation = evaluate_table(row.evaluation.table, split, nullptr);
  }
  evidence.dataset = std::move(dataset);
  return evidence;
}

Evidence evidence_for(const Dataset& dataset, const std::string& split, Device device) {
  const bool probes = (split == "val" || split == "test") && !dataset.indices("train").empty();
  return gather_evidence(dataset, split, probes, device);
}

Evidence gather_evidence(const std::vector<std::filesystem::path>& manifests,
                         const std::string& split, bool probes, Device device) {
  Evidence all = gather_evidence(read_dataset(manifests.front()), split, probes, device);
  for (std::size_t f = 1; probes && f < manifests.size(); ++f) {
    const Evidence more = gather_evidence(read_dataset(manifests[f]), split, true, device);
    for (std::size_t i = 0; i < all.probes.size(); ++i) {
      PredictionTable table = all.probes[i].evaluation.table;
      append(table, more.probes[i].evaluation.table);
      all.probes[i].evaluation = evaluate_table(table, split, nullptr);
    }
  }
  return all;
}

}  // namespace hilum
