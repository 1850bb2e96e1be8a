// The checklist of a report: what reviewers of such studies criticise, and what this work answers.
// "done": the program saw to it; "look": it was measured, and the figure deserves attention;
// "open": only people can answer, or it was not done.
#include <fmt/format.h>

#include <algorithm>

#include "apps/html.h"
#include "apps/report.h"
#include "apps/report_sections.h"

namespace hilum {
namespace {

struct Answer {
  enum State { done, look, open } state;
  std::string check, text;
};

const Contender* probe(const Evidence& evidence, const std::string& name) {
  for (const Contender& row : evidence.probes) {
    if (row.name.starts_with(name)) return &row;
  }
  return nullptr;
}

Answer copies(const Audit& audit, const std::string& check, const std::vector<FindingKind>& kinds) {
  std::size_t leaks = 0, all = 0;
  for (const FindingKind kind : kinds) {
    leaks += audit.count(kind, true);
    all += audit.count(kind);
  }
  return {leaks == 0 ? Answer::done : Answer::look, check,
          fmt::format("{} found, {} of them across splits or under two labels", all, leaks)};
}

Answer probed(const Evidence& evidence, const std::string& check,
              const std::vector<std::string>& names, double network, double margin) {
  std::string text;
  bool close = false;
  for (const std::string& name : names) {
    const Contender* row = probe(evidence, name);
    if (row == nullptr) continue;
    const Metrics& m = row->evaluation.metrics;
    text += fmt::format("{}{}: {}, AUC {:.3f}", text.empty() ? "" : "; ", row->name,
                        rate_text(m.accuracy), m.macro_auc);
    close = close || m.accuracy.value() > network - margin;
  }
  if (text.empty()) return {Answer::open, check, "probes were not run"};
  return {close ? Answer::look : Answer::done, check, text};
}

std::vector<Answer> answers(const ChecklistFacts& facts) {
  const Evidence& evidence = *facts.evidence;
  const Evaluation& evaluation = *facts.evaluation;
  const double accuracy = evaluation.metrics.accuracy.value();
  const bool test = evaluation.split == "test";
  std::vector<Answer> list;
  list.push_back(copies(evidence.audit, "exact duplicates across splits",
                        {FindingKind::exact_copy, FindingKind::same_pixels}));
  list.push_back(copies(evidence.audit, "near duplicates across splits, opposite labels",
                        {FindingKind::near_duplicate}));
  Answer groups = copies(evidence.audit, "patients on both sides", {FindingKind::group_overlap});
  if (evaluation.groups == 0) {
    groups = {Answer::open, groups.check,
              "unknown: the set names no groups (`hilum data groups` looks for scans)"};
  }
  list.push_back(groups);
  list.push_back({test && facts.looks > 1 ? Answer::look : Answer::done,
                  "test images looked at once, and not used to choose",
                  test ? fmt::format("looked at {} times so far ({}); best epoch, temperature and "
                                     "threshold come from val",
                                     facts.looks, facts.ledger)
                       : std::string("these are validation images, on which the best epoch was "
                                     "chosen: the figures flatter")});
  if (!test) list.back().state = Answer::look;
  Answer container = probed(evidence, "container probe (format, colour type, bytes)", {"container"},
                            accuracy, 0.05);
  if (const Contender* row = probe(evidence, "container")) {
    container.state = row->evaluation.metrics.macro_auc > 0.6 ? Answer::look : Answer::done;
  }
  list.push_back(container);
  list.push_back(
      probed(evidence, "frame and centre-blanked probes", {"frame", "centre"}, accuracy, 0.05));
  list.push_back(
      probed(evidence, "floors on the same split", {"majority", "nearest", "pca"}, accuracy, 0));
  list.push_back(probed(evidence, "shuffled labels stay at chance", {"shuffled"}, accuracy, 0));
  list.push_back(
      {evaluation.positive && evaluation.fitted ? Answer::done : Answer::look,
       "positive class and threshold named, chosen on validation",
       evaluation.positive
           ? fmt::format("{}, p >= {:.4f}, {}", evaluation.positive->name,
                         evaluation.positive->counts.threshold, evaluation.positive->rule)
           : std::string("more than two classes and none named (--positive)")});
  list.push_back({Answer::done, "intervals",
                  fmt::format("Wilson, DeLong, bootstrap of {}",
                              evaluation.grouped ? "whole groups" : "images")});
  list.push_back({facts.networks > 1 ? Answer::done : Answer::open, "networks compared by tests",
                  facts.networks > 1 ? "exact McNemar, areas by DeLong or bootstrap, Holm"
                                     : "one network only (`hilum compare`)"});
  list.push_back({facts.seeds >= 5 ? Answer::done : Answer::look, "several seeds",
                  facts.seeds == 1 ? "a single seed" : fmt::format("{} seeds", facts.seeds)});
  list.push_back({evaluation.fitted ? Answer::done : Answer::look, "calibration",
                  fmt::format("ECE {:.3f}, Brier {:.3f}; with temperature {:.2f}: {:.3f}, {:.3f}",
                              evaluation.raw.ece, evaluation.raw.brier, evaluation.temperature,
                              evaluation.calibrated.ece, evaluation.calibrated.brier)});
  const bool prevalence = evaluation.positive && evaluation.positive->at_prevalence;
  list.push_back({prevalence ? Answer::done : Answer::open, "predictive values at a prevalence",
                  prevalence ? "see the scores" : "none given (--prevalence)"});
  list.push_back({Answer::open, "external test set", "none given"});
  list.push_back({Answer::open, "demographics, scanners, origin of labels",
                  "to be filled in: the blanks of the model card"});
  list.push_back({Answer::done, "preprocessing and partition disclosed",
                  "command, options, hashes of splits and versions below"});
  list.push_back({Answer::done, "arithmetic", "every rate is printed as k of n"});
  list.push_back(
      {Answer::open, "what the network looks at, with controls", "not part of this report"});
  list.push_back({Answer::done, "failure cases", "surest mistakes and the abstain curve"});
  list.push_back({Answer::done, "not a diagnostic device", "said on top, and in the model card"});
  list.push_back(
      {Answer::done, "where reporting guidelines find their answers",
       "data: leaks, model card; partitions: reproduction; model and training: "
       "reproduction; performance: scores, curves, confusion; failure analysis: failures; "
       "limits: probes, this list"});
  return list;
}

}  // namespace

std::string checklist_section(const ChecklistFacts& facts) {
  static constexpr const char* words[] = {"done", "look", "open"};
  static constexpr const char* styles[] = {"yes", "no", "open"};
  std::string text =
      "<p>What reviewers of such studies ask. <span class=\"yes\">done</span>: seen to; <span "
      "class=\"no\">look</span>: measured, and it deserves attention; <span "
      "class=\"open\">open</span>: not done, or only people can answer.</p><div class=\"scroll\">"
      "<table class=\"left\"><thead><tr><th>#</th><th></th><th>check</th><th>answer</th></tr>"
      "</thead><tbody>";
  const std::vector<Answer> list = answers(facts);
  for (std::size_t i = 0; i < list.size(); ++i) {
    text += fmt::format("<tr><td>{}</td><td class=\"{}\">{}</td><td>{}</td><td>{}</td></tr>\n",
                        i + 1, styles[list[i].state], words[list[i].state],
                        escape_html(list[i].check), escape_html(list[i].text));
  }
  return section("Checklist", text + "</tbody></table></div>");
}

}  // namespace hilum
