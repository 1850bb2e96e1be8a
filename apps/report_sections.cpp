// Scores, curves, confusion, probes, leaks and pictures as HTML.
#include "apps/report_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/html.h"
#include "apps/plot.h"
#include "apps/report.h"
#include "data/bootstrap.h"
#include "data/image.h"
#include "kernels/error.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;
using Cells = std::vector<std::vector<std::string>>;

constexpr std::size_t thumbnail_side = 128, most_shots = 12, most_leaks = 8;

std::string percent(const Rate& rate) { return fmt::format("{:.1f} %", 100 * rate.value()); }

// White to blue; the ink turns white where it is dark.
std::string shade(double share) {
  const auto mix = [&](int from, int to) { return from + (to - from) * share; };
  return fmt::format("background:rgb({:.0f},{:.0f},{:.0f});color:{}", mix(245, 0), mix(247, 94),
                     mix(249, 150), share > 0.55 ? "#fff" : "#1b1f24");
}

Plot roc_plot(const Evaluation& evaluation) {
  Plot plot{"roc", "ROC, one class against the rest", "1 - specificity", "sensitivity", true};
  plot.series.push_back({"", Series::grey, {{0, 0}, {1, 1}}});
  const PredictionTable& table = evaluation.table;
  const std::size_t k = table.classes.size();
  for (std::size_t c = 0; c < k; ++c) {
    if (k == 2 && evaluation.positive && table.classes[c] != evaluation.positive->name) continue;
    const OneVsRest of = one_vs_rest(table.labels, table.probabilities(), k, c);
    const std::vector<RocPoint> curve = roc_curve(of.positive, of.score);
    Series series{
        fmt::format("{}  AUC {:.3f}", table.classes[c], evaluation.metrics.by_class[c].auc),
        Series::steps,
        {}};
    for (const RocPoint& p : curve) {
      series.points.push_back({static_cast<double>(p.false_positives) /
                                   static_cast<double>(curve.back().false_positives),
                               static_cast<double>(p.true_positives) /
                                   static_cast<double>(curve.back().true_positives)});
    }
    plot.series.push_back(series);
  }
  return plot;
}

Plot precision_plot(const Evaluation& evaluation) {
  Plot plot{"precision_recall", "Precision and recall", "recall (sensitivity)", "precision (PPV)",
            true};
  const PredictionTable& table = evaluation.table;
  const std::size_t k = table.classes.size();
  for (std::size_t c = 0; c < k; ++c) {
    if (k == 2 && evaluation.positive && table.classes[c] != evaluation.positive->name) continue;
    const OneVsRest of = one_vs_rest(table.labels, table.probabilities(), k, c);
    const std::vector<RocPoint> curve = roc_curve(of.positive, of.score);
    Series series{fmt::format("{}  AP {:.3f}", table.classes[c],
                              evaluation.metrics.by_class[c].average_precision),
                  Series::steps,
                  {}};
    for (std::size_t i = 1; i < curve.size(); ++i) {
      const auto hits = static_cast<double>(curve[i].true_positives);
      series.points.push_back({hits / static_cast<double>(curve.back().true_positives),
                               hits / (hits + static_cast<double>(curve[i].false_positives))});
    }
    plot.series.push_back(series);
  }
  return plot;
}

Plot reliability_plot(const Evaluation& evaluation) {
  Plot plot{"reliability", "Reliability of the predicted class", "probability it gives",
            "share that is right", true};
  plot.series.push_back({"", Series::grey, {{0, 0}, {1, 1}}});
  const auto add = [&](const std::string& name, const Calibration& of) {
    Series series{fmt::format("{}  ECE {:.3f}", name, of.ece), Series::bars, {}};
    for (const ReliabilityBin& bin : of.bins) {
      if (bin.hits.n == 0) continue;
      series.points.push_back({bin.mean_score, bin.hits.value()});
      series.intervals.push_back({bin.hits.value(), bin.hits.low(), bin.hits.high()});
    }
    plot.series.push_back(series);
  };
  add("as it is", evaluation.raw);
  if (evaluation.fitted) add("with temperature", evaluation.calibrated);
  return plot;
}

// How sure the network is of each image, and the images from the surest down.
struct BySureness {
  std::vector<double> sure;
  std::vector<std::size_t> order;
  explicit BySureness(const PredictionTable& table) : order(table.size()) {
    const std::vector<float> p = table.probabilities();
    const auto k = static_cast<std::ptrdiff_t>(table.classes.size());
    for (auto row = p.begin(); row != p.end(); row += k) {
      sure.push_back(static_cast<double>(*std::max_element(row, row + k)));
    }
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return sure[a] > sure[b]; });
  }
};

Plot abstain_plot(const Evaluation& evaluation) {
  Plot plot{"abstain", "Accuracy where it may abstain", "share of images decided on",
            "accuracy on them", true};
  Series series{"", Series::line, {}};
  const std::vector<bool> right = evaluation.table.right();
  double hits = 0, seen = 0;
  for (const std::size_t i : BySureness(evaluation.table).order) {
    ++seen;
    hits += right[i] ? 1 : 0;
    series.points.push_back({seen / static_cast<double>(right.size()), hits / seen});
  }
  plot.series.push_back(series);
  return plot;
}

std::string picture(const std::string& path) {
  try {
    return fmt::format("<img alt=\"\" src=\"{}\">", thumbnail(read_image(path, 1), thumbnail_side));
  } catch (const Error&) {
    return "<div class=\"missing\">image not found</div>";
  }
}

std::string shot(const PredictionTable& table, std::size_t i, double sure, bool right,
                 std::int32_t predicted) {
  const auto name = [&](std::int32_t c) {
    return escape_html(table.classes[static_cast<std::size_t>(c)]);
  };
  return fmt::format(
      "<div class=\"shot\">{}<span class=\"{}\">{} {:.0f} %</span><br>truth: {}<br><span "
      "class=\"name\">{}</span></div>\n",
      picture(table.rows[i].path), right ? "hit" : "miss", name(predicted), 100 * sure,
      name(table.labels[i]), escape_html(fs::path(table.rows[i].path).filename().string()));
}

}  // namespace

std::string section(const std::string& heading, const std::string& body) {
  return fmt::format("<section><h2>{}</h2>\n{}</section>\n", escape_html(heading), body);
}

std::string tile(const std::string& name, const std::string& value, const std::string& detail) {
  return fmt::format(
      "<div class=\"tile\"><div class=\"name\">{}</div><div class=\"value\">{}</div><div "
      "class=\"detail\">{}</div></div>\n",
      escape_html(name), escape_html(value), escape_html(detail));
}

std::string headline_tiles(const Evaluation& evaluation) {
  const Metrics& m = evaluation.metrics;
  const auto rate_tile = [](const std::string& name, const Rate& rate) {
    return tile(name, percent(rate),
                fmt::format("{} of {}, 95 % {:.1f} to {:.1f}", rate.k, rate.n, 100 * rate.low(),
                            100 * rate.high()));
  };
  std::string text = "<div class=\"tiles\">" + rate_tile("Accuracy", m.accuracy);
  text += tile("AUC", fmt::format("{:.3f}", m.macro_auc),
               m.classes.size() != 2 || std::isnan(m.by_class[0].auc_low)
                   ? "mean of one-vs-rest"
                   : fmt::format("95 % {:.3f} to {:.3f}, DeLong", m.by_class[0].auc_low,
                                 m.by_class[0].auc_high));
  if (evaluation.positive) {
    text += rate_tile("Sensitivity for " + evaluation.positive->name,
                      evaluation.positive->counts.sensitivity());
    text += rate_tile("Specificity", evaluation.positive->counts.specificity());
  }
  return text + rate_tile("Floor: the most frequent class", m.majority) + "</div>";
}

std::string score_section(const Evaluation& evaluation) {
  const Metrics& m = evaluation.metrics;
  using W = WeightedMetrics;
  Cells all = {{"figure", "value with 95 % interval", "how"},
               {"accuracy", rate_text(m.accuracy), "Wilson"}};
  const std::string how = evaluation.grouped
                              ? fmt::format("bootstrap, {} groups drawn whole", evaluation.groups)
                              : "bootstrap of images";
  if (evaluation.grouped)
    all.push_back({"accuracy", interval_text(evaluation.bootstrap[W::accuracy]), how});
  all.push_back(
      {"balanced accuracy", interval_text(evaluation.bootstrap[W::balanced_accuracy]), how});
  all.push_back({"macro F1", interval_text(evaluation.bootstrap[W::macro_f1]), how});
  all.push_back({"Matthews' coefficient", interval_text(evaluation.bootstrap[W::mcc]), how});
  all.push_back({"macro AUC", interval_text(evaluation.bootstrap[W::macro_auc]), how});
  all.push_back({"cross-entropy", fmt::format("{:.4f}", m.loss), ""});
  all.push_back({"calibration error, Brier score",
                 fmt::format("{:.3f}, {:.3f}", evaluation.raw.ece, evaluation.raw.brier),
                 "as it is"});
  if (evaluation.fitted) {
    all.push_back(
        {"the same with temperature",
         fmt::format("{:.3f}, {:.3f}", evaluation.calibrated.ece, evaluation.calibrated.brier),
         temperature_text(evaluation)});
  }
  std::string text = html_table(all, true);
  if (evaluation.positive) {
    const NamedClass& of = *evaluation.positive;
    text += fmt::format(
        "<h3>Positive is {}</h3><p>Called where its probability is at least {:.4f} "
        "(rule: {}).</p>",
        escape_html(of.name), of.counts.threshold, escape_html(of.rule));
    Cells rows = {{"figure", "value with 95 % interval"},
                  {"sensitivity", rate_text(of.counts.sensitivity())},
                  {"specificity", rate_text(of.counts.specificity())},
                  {"PPV in this set", rate_text(of.counts.ppv())},
                  {"NPV in this set", rate_text(of.counts.npv())},
                  {"F1", fmt::format("{:.3f}", of.counts.f1())},
                  {"AUC", interval_text(of.auc) + "  (DeLong)"}};
    if (of.at_prevalence) {
      const std::string at = fmt::format(" at prevalence {:g}", of.at_prevalence->prevalence);
      rows.push_back({"PPV" + at, interval_text(of.at_prevalence->ppv)});
      rows.push_back({"NPV" + at, interval_text(of.at_prevalence->npv)});
    }
    text += html_table(rows, true);
  }
  Cells classes = {{"class", "precision", "sensitivity", "specificity", "F1", "AUC"}};
  for (const ClassMetrics& one : m.by_class) {
    classes.push_back({one.name, rate_text(one.precision), rate_text(one.sensitivity),
                       rate_text(one.specificity), fmt::format("{:.3f}", one.f1),
                       interval_text({one.auc, one.auc_low, one.auc_high})});
  }
  return section("Scores", text + "<h3>Class by class</h3>" + html_table(classes));
}

std::string confusion_section(const Evaluation& evaluation) {
  const Metrics& m = evaluation.metrics;
  const std::size_t k = m.classes.size();
  std::string text = fmt::format(
      "<div class=\"scroll\"><table class=\"matrix\"><thead><tr><td class=\"axis\"></td><td "
      "class=\"axis\" colspan=\"{}\">prediction</td></tr><tr><td class=\"axis\">truth</td>",
      k);
  for (const std::string& name : m.classes) text += "<th>" + escape_html(name) + "</th>";
  text += "</tr></thead><tbody>";
  for (std::size_t i = 0; i < k; ++i) {
    const Rate& row = m.by_class[i].sensitivity;
    text += "<tr><th>" + escape_html(m.classes[i]) + "</th>";
    for (std::size_t j = 0; j < k; ++j) {
      const Rate share{m.confusion[i * k + j], row.n};
      const double of = share.n == 0 ? 0 : share.value();
      text += fmt::format("<td style=\"{}\">{}<small>{:.0f} %</small></td>", shade(of), share.k,
                          100 * of);
    }
    text += "</tr>";
  }
  return section("Confusion matrix",
                 text +
                     "</tbody></table></div><p class=\"soft\">Counts; shares are of the row, the "
                     "truth.</p>");
}

std::string curve_section(const Evaluation& evaluation, const fs::path& plots) {
  std::string text = "<div class=\"plots\">";
  text += html_figure(draw(roc_plot(evaluation), plots), "Dashed: a guess.");
  text += html_figure(draw(precision_plot(evaluation), plots),
                      "A class of few images has a low curve by itself.");
  text += html_figure(draw(reliability_plot(evaluation), plots),
                      "Points on the dashed line keep their promise; bars are Wilson intervals.");
  text += html_figure(draw(abstain_plot(evaluation), plots),
                      "From left to right ever less sure images are decided on.");
  return section("Curves", text + "</div>");
}

std::string probe_section(const Evidence& evidence, const Evaluation& network) {
  if (evidence.probes.empty()) return section("Probes", "<p>Not run.</p>");
  Cells rows = {{"", "accuracy", "AUC", "the network's lead, points", "what it sees"}};
  for (const Contender& probe : evidence.probes) {
    rows.push_back(
        {probe.name, rate_text(probe.evaluation.metrics.accuracy),
         macro_auc_text(probe.evaluation.metrics),
         probe.name.starts_with("shuffled") ? "" : lead_text(lead_over(network, probe.evaluation)),
         probe.note});
  }
  rows.push_back({"this network", rate_text(network.metrics.accuracy),
                  macro_auc_text(network.metrics), "", ""});
  return section("Probes: what can be told without a network",
                 "<p>A network that is not clearly above these has not shown that it looks at "
                 "lungs. A star: the lead's interval holds zero, so the network may see no more "
                 "than this probe does.</p>" +
                     html_table(rows, true));
}

std::string leak_section(const Evidence& evidence) {
  const Audit& audit = evidence.audit;
  std::string text = fmt::format(
      "<p>{} images looked at: {} leaks (copies, near copies or groups in several splits, or one "
      "picture under two labels).</p><div class=\"gallery\">",
      audit.images, audit.leaks());
  std::size_t shown = 0;
  for (const Finding& finding : audit.findings) {
    if (!finding.leak() || finding.items.size() < 2 || shown++ == most_leaks) continue;
    if (shown > most_leaks) break;
    for (std::size_t k = 0; k < 2; ++k) {
      const Item& item = evidence.dataset.items[finding.items[k]];
      text += fmt::format(
          "<div class=\"shot\">{}<span class=\"{}\">{}{}</span><br>{}, {}<br><span "
          "class=\"name\">{}</span></div>\n",
          picture(item.path.string()), finding.labels_differ ? "miss" : "name",
          finding_name(finding.kind), finding.labels_differ ? ", two labels" : "",
          escape_html(evidence.dataset.classes[item.label]), escape_html(item.split),
          escape_html(item.path.filename().string()));
    }
  }
  text += "</div>";
  if (audit.leaks() > most_leaks) {
    text += fmt::format(
        "<p class=\"soft\">The first {} are shown; <code>hilum data check</code> "
        "lists all.</p>",
        most_leaks);
  }
  return section("Leaks", text);
}

std::string gallery_section(const Evaluation& evaluation) {
  const PredictionTable& table = evaluation.table;
  const std::vector<bool> right = table.right();
  const std::vector<std::int32_t> predicted = table.predicted();
  const BySureness by(table);
  std::string misses, samples;
  std::size_t shown = 0;
  for (const std::size_t i : by.order) {
    if (right[i] || shown == most_shots) continue;
    misses += shot(table, i, by.sure[i], false, predicted[i]);
    ++shown;
  }
  const std::size_t step = std::max<std::size_t>(1, table.size() / most_shots);
  for (std::size_t i = 0, n = 0; i < table.size() && n < most_shots; i += step, ++n) {
    samples += shot(table, i, by.sure[i], right[i], predicted[i]);
  }
  if (misses.empty()) misses = "<p>No mistake on this split.</p>";
  return section("Failures: the surest mistakes", "<div class=\"gallery\">" + misses + "</div>") +
         section("Samples: every so many images", "<div class=\"gallery\">" + samples + "</div>");
}

std::string model_card_section(const Cells& known) {
  Cells rows = {{"question", "answer"}};
  rows.insert(rows.end(), known.begin(), known.end());
  for (const char* blank : {"who collected the scans, where and when", "scanners and protocols",
                            "age and sex of the patients", "who labelled, and by what reference",
                            "consent and licence", "known limits of the set"}) {
    rows.push_back({blank, "________ (to be filled in by who knows)"});
  }
  rows.push_back({"intended use", "research and teaching; never to decide about a patient"});
  return section("Model card", html_table(rows, true));
}

}  // namespace hilum
