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

// Worth a look where the network's lead over one of them is not clear or below `margin`.
Answer probed(const Evidence& evidence, const std::string& check,
              const std::vector<std::string>& names, const Evaluation& network, double margin) {
  std::string text;
  bool close = false;
  for (const std::string& name : names) {
    const Contender* row = probe(evidence, name);
    if (row == nullptr) continue;
    const Metrics& m = row->evaluation.metrics;
    text += fmt::format("{}{}: {}, AUC {:.3f}", text.empty() ? "" : "; ", row->name,
                        rate_text(m.accuracy), m.macro_auc);
    const Interval lead = lead_over(network, row->evaluation);
    close = close || lead.low <= 0 || lead.value < margin;
  }
  if (text.empty()) return {Answer::open, check, "probes were not run"};
  return {close ? Answer::look : Answer::done, check, text};
}

// Where no group is named, the order of file names may still tell of scans.
std::string unknown_groups(const Evidence& evidence) {
  if (!evidence.order || !evidence.order->order_tells) {
    return "unknown: the set names no groups, and the order of file names tells of none";
  }
  return fmt::format(
      "unknown: the set names no groups, but the nearest image is {:.0f} names away (by chance "
      "{:.0f}), so names follow scans: divide it by runs or blocks (`hilum data groups`)",
      evidence.order->distance, evidence.order->distance_by_chance);
}

// Nearest neighbour on labels dealt anew to whole groups: above the majority only through leaks.
Answer shuffled_labels(const Evidence& evidence) {
  Answer answer{Answer::open, "shuffled labels stay at chance", "probes were not run"};
  if (const Contender* row = probe(evidence, "shuffled")) {
    const Metrics& m = row->evaluation.metrics;
    answer.state = m.accuracy.low() > m.majority.value() ? Answer::look : Answer::done;
    answer.text = fmt::format("{}; always the most frequent: {:.1f} %", rate_text(m.accuracy),
                              100 * m.majority.value());
  }
  return answer;
}

std::string calibration_answer(const Evaluation& evaluation) {
  std::string text =
      fmt::format("ECE {:.3f}, Brier {:.3f}", evaluation.raw.ece, evaluation.raw.brier);
  if (!evaluation.fitted) return text + "; no temperature: no validation predictions";
  return text + fmt::format("; {:.3f}, {:.3f} with {}", evaluation.calibrated.ece,
                            evaluation.calibrated.brier, temperature_text(evaluation));
}

std::vector<Answer> answers(const ChecklistFacts& facts) {
  const Evidence& evidence = *facts.evidence;
  const Evaluation& evaluation = *facts.evaluation;
  const bool test = evaluation.split == "test";
  std::vector<Answer> list;
  list.push_back(copies(evidence.audit, "exact duplicates across splits",
                        {FindingKind::exact_copy, FindingKind::same_pixels}));
  list.push_back(copies(evidence.audit, "near duplicates across splits, opposite labels",
                        {FindingKind::near_duplicate}));
  Answer groups = copies(evidence.audit, "patients on both sides", {FindingKind::group_overlap});
  if (evaluation.groups == 0) {
    groups = {evidence.order && evidence.order->order_tells ? Answer::look : Answer::open,
              groups.check, unknown_groups(evidence)};
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
                            evaluation, 0.05);
  if (const Contender* row = probe(evidence, "container")) {
    container.state = row->evaluation.metrics.macro_auc > 0.6 ? Answer::look : Answer::done;
  }
  list.push_back(container);
  list.push_back(
      probed(evidence, "frame and centre-blanked probes", {"frame", "centre"}, evaluation, 0.05));
  list.push_back(
      probed(evidence, "floors on the same split", {"majority", "nearest", "pca"}, evaluation, 0));
  list.push_back(shuffled_labels(evidence));
  list.push_back(
      {evaluation.positive && evaluation.fitted && !evaluation.same_images ? Answer::done
                                                                           : Answer::look,
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
  const bool calibrated = evaluation.fitted && !evaluation.bounded && !evaluation.same_images;
  list.push_back(
      {calibrated ? Answer::done : Answer::look, "calibration", calibration_answer(evaluation)});
  const bool prevalence = evaluation.positive && evaluation.positive->at_prevalence;
  list.push_back({prevalence ? Answer::done : Answer::open, "predictive values at a prevalence",
                  prevalence ? "see the scores" : "none given (--prevalence)"});
  const bool external = !evaluation.data.empty();
  list.push_back({external ? Answer::done : Answer::open, "external test set",
                  external ? "these images: " + evaluation.data
                           : std::string("none given (`hilum evaluate --data`)")});
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
