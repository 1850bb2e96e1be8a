// The order of the sections, the learning curves, and how to do it all again.
#include "apps/report_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "apps/html.h"
#include "apps/ledger.h"
#include "apps/plot.h"
#include "apps/report.h"
#include "data/csv.h"
#include "engine/file.h"
#include "engine/json.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;
using Cells = std::vector<std::vector<std::string>>;
using nlohmann::json;

json facts_of(const RunFolder& run) {
  if (!fs::exists(run.about())) return json::object();
  const json about = parse_json_or_discard(read_file(run.about()));
  return about.is_object() ? about : json::object();
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

// Columns of history.csv by name.
std::map<std::string, std::vector<double>> history_of(const RunFolder& run) {
  std::map<std::string, std::vector<double>> columns;
  if (!fs::exists(run.history())) return columns;
  const auto rows = parse_csv(read_file(run.history()), run.history().string());
  for (std::size_t i = 1; i < rows.size(); ++i) {
    for (std::size_t c = 0; c < rows[i].fields.size(); ++c) {
      columns[rows[0].fields[c]].push_back(std::strtod(rows[i].fields[c].c_str(), nullptr));
    }
  }
  return columns;
}

Series against_epochs(const std::string& name, const std::vector<double>& values) {
  Series series{name, Series::marked, {}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    series.points.push_back({static_cast<double>(i + 1), values[i]});
  }
  return series;
}

std::string learning_section(const RunFolder& run, const fs::path& plots) {
  auto history = history_of(run);
  Plot loss{"loss", "Loss", "epoch", "cross-entropy"};
  loss.from_zero = true;
  loss.series = {against_epochs("training", history["train_loss"]),
                 against_epochs("validation", history["val_loss"])};
  Plot accuracy{"accuracy", "Accuracy and AUC", "epoch", ""};
  accuracy.series = {against_epochs("training accuracy", history["train_accuracy"]),
                     against_epochs("validation accuracy", history["val_accuracy"]),
                     against_epochs("validation AUC", history["val_auc"])};
  return section("Learning curves",
                 "<div class=\"plots\">" +
                     html_figure(draw(loss, plots),
                                 "Training: as the steps were made, augmented and regularised.") +
                     html_figure(draw(accuracy, plots), "The best epoch is chosen on validation.") +
                     "</div>");
}

std::string reproduction_section(const RunFolder& run, const std::string& command) {
  const json about = facts_of(run);
  Cells rows = {{"what", "value"}};
  const auto add = [&](const char* name, const char* key) {
    if (about.contains(key)) rows.push_back({name, text_of(about[key])});
  };
  add("program", "program");
  add("compiler", "compiler");
  add("device", "device");
  add("instruction set", "isa");
  add("threads", "threads");
  add("started", "started");
  add("ended", "ended");
  add("weights of the last epoch", "weights");
  if (about.contains("data")) {
    rows.push_back({"data", about["data"].value("path", "")});
    rows.push_back({"fingerprint of the set", about["data"].value("content", "")});
    if (about["data"].contains("hash")) {
      for (const auto& [split, hash] : about["data"]["hash"].items()) {
        rows.push_back({"hash of " + split, text_of(hash)});
      }
    }
  }
  std::string text = "<pre>" + escape_html(command) + "</pre>" + html_table(rows, true);
  if (fs::exists(run.config())) {
    text += "<h3>Every option</h3><pre>" + escape_html(read_file(run.config())) + "</pre>";
  }
  return section("Reproduction", text);
}

std::string warning_box(const std::string& text) {
  return "<p class=\"banner warning\">" + escape_html(text) + "</p>\n";
}

std::string split_hash_of(const Evidence& evidence, const std::string& split) {
  return split_hash(evidence.dataset, evidence.dataset.indices(split));
}

std::string audit_warnings(const Evidence& evidence) {
  const std::size_t leaks = evidence.audit.leaks();
  return leaks == 0
             ? ""
             : warning_box(fmt::format("This set has {} leaks; figures on it may flatter. See "
                                       "Leaks below.",
                                       leaks));
}

}  // namespace

void write_run_report(const RunFolder& run, const Evaluation& evaluation, const Evidence& evidence,
                      const fs::path& page) {
  const json about = facts_of(run);
  const fs::path plots = page.parent_path() / "plots";
  const Looks looks = looks_at(run.path, split_hash_of(evidence, evaluation.split));
  ChecklistFacts facts{&evidence, &evaluation, 1, 1, looks.count, looks.ledger.filename().string()};
  std::string body = headline_tiles(evaluation) + audit_warnings(evidence);
  body += score_section(evaluation) + confusion_section(evaluation);
  body += curve_section(evaluation, plots) + learning_section(run, plots);
  body += probe_section(evidence, evaluation) + leak_section(evidence);
  body += gallery_section(evaluation) + checklist_section(facts);
  body += model_card_section(
      {{"network", fmt::format("{}, {} parameters, {:.1f} MFLOP an image",
                               about.value("net", run.path.filename().string()),
                               about.value("parameters", 0), about.value("mflop", 0.0))},
       {"classes", fmt::format("{}", fmt::join(evaluation.table.classes, ", "))},
       {"data", about.contains("data") ? about["data"].value("path", "") : ""}});
  body += reproduction_section(run, about.value("command", "hilum train"));
  write_file_atomically(
      page, html_page(fmt::format("{} on {}", run.path.filename().string(), evaluation.split),
                      fmt::format("{} images of the {} split, seen by {}", evaluation.table.size(),
                                  evaluation.split, about.value("program", "hilum")),
                      body));
}

namespace {

std::string ranking_section(const Comparison& comparison) {
  std::string text = "<pre>";
  for (const std::string& line : ranking_lines(comparison)) text += escape_html(line) + '\n';
  return section("Ranking, and where it cannot tell", text + "</pre>");
}

// Areas (of single runs, and of ensembles with intervals) on one axis.
std::string forest(const Comparison& comparison, const fs::path& plots) {
  Plot plot{"areas", "", "AUC", ""};
  Series ensembles{"ensemble, 95 % interval", Series::bars, {}},
      runs{"single runs", Series::marked, {}};
  for (const Contender& row : comparison.rows) {
    if (std::isnan(row.evaluation.metrics.macro_auc)) continue;
    const auto y = static_cast<double>(plot.rows.size());
    plot.rows.push_back(row.name);
    const Interval of = comparison.rows.front().evaluation.table.classes.size() == 2
                            ? Interval{row.evaluation.metrics.by_class[0].auc,
                                       row.evaluation.metrics.by_class[0].auc_low,
                                       row.evaluation.metrics.by_class[0].auc_high}
                            : row.evaluation.bootstrap.back();
    ensembles.points.push_back({of.value, y});
    ensembles.intervals.push_back(of);
    for (const double auc : aucs(row.seeds)) runs.points.push_back({auc, y + 0.22});
  }
  runs.style = Series::dots;
  plot.series = {ensembles, runs};
  return html_figure(
      draw(plot, plots),
      "Probes above, networks below. Blue: the ensemble of a network's seeds, with its "
      "95 % interval; orange: single seeds.");
}

std::string validation_curves(const std::vector<NamedRun>& runs, const fs::path& plots) {
  Plot plot{"validation_loss", "Validation loss, first seed of each", "epoch", "cross-entropy"};
  plot.from_zero = true;
  for (const auto& [name, run] : runs) {
    plot.series.push_back(against_epochs(name, history_of(run)["val_loss"]));
  }
  return html_figure(draw(plot, plots),
                     "Where a curve rises again the network has begun to learn "
                     "its training images by heart.");
}

}  // namespace

void write_comparison_report(const fs::path& out, const Comparison& comparison,
                             const Evidence& evidence, const std::vector<NamedRun>& runs,
                             const std::string& command, const fs::path& page) {
  const fs::path plots = page.parent_path() / "plots";
  const Contender& first = comparison.rows[comparison.ranking.front()];
  const Looks looks = looks_at(out, split_hash_of(evidence, comparison.split));
  std::size_t least = first.seeds.size();
  for (const std::size_t at : comparison.ranking) {
    least = std::min(least, comparison.rows[at].seeds.size());
  }
  ChecklistFacts facts{&evidence,   &first.evaluation,
                       least,       comparison.ranking.size(),
                       looks.count, looks.ledger.filename().string()};
  std::string body = audit_warnings(evidence);
  for (const std::string& warning : comparison.warnings) body += warning_box(warning);
  for (const Failure& failure : comparison.failures) {
    body += warning_box(fmt::format("Failed: {}: {}", failure.run, failure.reason));
  }
  body +=
      section("Scores",
              "<p>A network's row has its runs (one a seed) and their ensemble, the mean of their "
              "probabilities, on which all tests are made. Choose by the column of validation "
              "AUC.</p>" +
                  html_table(score_table(comparison)) + forest(comparison, plots));
  body += ranking_section(comparison);
  body +=
      section("Differences",
              fmt::format("<p>Of the ensembles. McNemar's exact test counts images that only the "
                          "first : only the second gets right; areas by {}; p values after Holm "
                          "allow for the number of pairs.</p>",
                          escape_html(area_test(comparison))) +
                  html_table(pair_table(comparison)));
  if (!comparison.leads.empty()) {
    body += section("Leads over the probes",
                    "<p>In points of accuracy, of the ensembles, with paired bootstrap intervals. "
                    "A star: the interval holds zero, so the network may see no more than this "
                    "probe does.</p>" +
                        html_table(lead_table(comparison)));
  }
  body += section("Learning curves",
                  "<div class=\"plots\">" + validation_curves(runs, plots) + "</div>");
  body += section("Cost on this machine", html_table(cost_table(comparison)));
  body += section("The first of the ranking: " + first.name, headline_tiles(first.evaluation));
  body += score_section(first.evaluation) + confusion_section(first.evaluation);
  body += curve_section(first.evaluation, plots);
  body += probe_section(evidence, first.evaluation) + leak_section(evidence);
  body += gallery_section(first.evaluation) + checklist_section(facts);
  body += model_card_section(
      {{"network", fmt::format("{}, ensemble of {}", first.name, first.seeds.size())},
       {"classes", fmt::format("{}", fmt::join(first.evaluation.table.classes, ", "))},
       {"data", comparison.data}});
  body += reproduction_section(runs.front().folder, command);
  write_file_atomically(
      page, html_page(fmt::format("{} networks compared", comparison.ranking.size()),
                      fmt::format("{} images of the {} split of {}", first.evaluation.table.size(),
                                  comparison.split, comparison.data),
                      body));
}

}  // namespace hilum
