// An audit as people and as programs read it.
#include <fmt/format.h>

#include <map>

#include "data/audit.h"
#include "engine/json.h"

namespace hilum {
namespace {

std::string shown(const Dataset& dataset, std::size_t i) {
  const Item& item = dataset.items[i];
  const auto relative = item.path.lexically_relative(dataset.root);
  return relative.empty() ? item.path.string() : relative.string();
}

std::string line_of(const Dataset& dataset, const Finding& finding) {
  std::string line;
  if (finding.kind == FindingKind::near_duplicate) line += fmt::format("{:.3f}  ", finding.alike);
  if (!finding.text.empty()) line += finding.text + (finding.items.empty() ? "" : ": ");
  const std::size_t most = 4;
  for (std::size_t k = 0; k < finding.items.size() && k < most; ++k)
    line += fmt::format("{}{}", k ? " = " : "", shown(dataset, finding.items[k]));
  if (finding.items.size() > most) line += fmt::format(" and {} more", finding.items.size() - most);
  return line;
}

std::string where(const Finding& finding) {
  if (finding.labels_differ)
    return finding.across_splits ? "two labels, across splits" : "two labels";
  return finding.across_splits ? "across splits" : "";
}

std::string title_of(const Finding& finding) {
  const std::string place = where(finding);
  return finding_name(finding.kind) + (place.empty() ? "" : ", " + place);
}

}  // namespace

std::string format_audit(const Dataset& dataset, const Audit& audit, std::size_t most_lines) {
  std::string text;
  for (std::size_t i = 0; i < audit.findings.size();) {
    const std::string title = title_of(audit.findings[i]);
    std::size_t end = i, images = 0;
    while (end < audit.findings.size() && title_of(audit.findings[end]) == title)
      images += audit.findings[end++].items.size();
    text += fmt::format("{}{}: {} ({} images)\n", audit.findings[i].leak() ? "LEAK  " : "      ",
                        title, end - i, images);
    for (std::size_t k = i; k < end && k < i + most_lines; ++k)
      text += "        " + line_of(dataset, audit.findings[k]) + '\n';
    if (end - i > most_lines) text += fmt::format("        and {} more\n", end - i - most_lines);
    i = end;
  }
  text += fmt::format("{} images, {} findings, {} of them leaks\n", audit.images,
                      audit.findings.size(), audit.leaks());
  return text;
}

nlohmann::json to_json(const Dataset& dataset, const Audit& audit) {
  nlohmann::json findings = nlohmann::json::array();
  std::map<std::string, std::map<std::string, std::size_t>> counts;
  for (const Finding& finding : audit.findings) {
    nlohmann::json images = nlohmann::json::array();
    for (const std::size_t i : finding.items) {
      images.push_back({{"path", dataset.items[i].path.string()},
                        {"label", dataset.classes[dataset.items[i].label]},
                        {"split", dataset.items[i].split},
                        {"group", dataset.items[i].group}});
    }
    const std::string kind = finding_name(finding.kind);
    ++counts[kind]["all"];
    counts[kind]["leaks"] += finding.leak();
    findings.push_back({{"kind", kind},
                        {"leak", finding.leak()},
                        {"across_splits", finding.across_splits},
                        {"labels_differ", finding.labels_differ},
                        {"alike", finding.alike},
                        {"text", finding.text},
                        {"images", std::move(images)}});
  }
  return {{"root", dataset.root.string()},
          {"images", audit.images},
          {"leaks", audit.leaks()},
          {"counts", counts},
          {"findings", findings}};
}

}  // namespace hilum
