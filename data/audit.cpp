// Finds; audit_report.cpp tells, audit_fix.cpp cleans.
#include "data/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <map>
#include <regex>
#include <set>

#include "data/near_duplicates.h"
#include "kernels/error.h"

namespace hilum {
namespace {

void compare_items(const Dataset& dataset, Finding& finding) {
  const Item& first = dataset.items[finding.items[0]];
  for (const std::size_t i : finding.items) {
    finding.across_splits |= dataset.items[i].split != first.split;
    finding.labels_differ |= dataset.items[i].label != first.label;
  }
}

// Images by a digest of theirs; those alone with it are left out.
template <class DigestOf>
std::vector<std::vector<std::size_t>> equal_ones(const std::vector<std::size_t>& which,
                                                 DigestOf digest_of) {
  std::map<Digest, std::vector<std::size_t>> by_digest;
  for (const std::size_t i : which) by_digest[digest_of(i)].push_back(i);
  std::vector<std::vector<std::size_t>> result;
  for (auto& [digest, items] : by_digest)
    if (items.size() > 1) result.push_back(std::move(items));
  std::sort(result.begin(), result.end());
  return result;
}

void add(const Dataset& dataset, Audit& audit, FindingKind kind, std::vector<std::size_t> items,
         double alike = 1, std::string text = "") {
  Finding finding{kind, std::move(items), false, false, alike, std::move(text)};
  compare_items(dataset, finding);
  audit.findings.push_back(std::move(finding));
}

// Copies; returns one image of each picture, in order, for the search of near ones.
std::vector<std::size_t> find_copies(const Dataset& dataset, const Survey& survey,
                                     const std::vector<std::size_t>& which, Audit& audit) {
  for (auto& items : equal_ones(which, [&](std::size_t i) { return survey.looks[i].file; }))
    add(dataset, audit, FindingKind::exact_copy, std::move(items));
  std::vector<bool> again(dataset.items.size());
  for (auto& items : equal_ones(which, [&](std::size_t i) { return survey.looks[i].pixels; })) {
    for (std::size_t k = 1; k < items.size(); ++k) again[items[k]] = true;
    std::set<Digest> files;
    for (const std::size_t i : items) files.insert(survey.looks[i].file);
    if (files.size() > 1) add(dataset, audit, FindingKind::same_pixels, std::move(items));
  }
  std::vector<std::size_t> different;
  for (const std::size_t i : which)
    if (!again[i]) different.push_back(i);
  return different;
}

void find_near(const Dataset& dataset, const Survey& survey, const std::vector<std::size_t>& which,
               Audit& audit) {
  const auto begin = std::chrono::steady_clock::now();
  const NearSearch search = find_near_duplicates(survey, which);
  audit.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  audit.compared = search.compared, audit.fitted = search.fitted;
  for (const NearPair& pair : search.pairs)
    add(dataset, audit, FindingKind::near_duplicate, {pair.a, pair.b}, pair.alike);
}

void find_group_overlap(const Dataset& dataset, Audit& audit) {
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < dataset.items.size(); ++i)
    if (!dataset.items[i].group.empty()) members[dataset.items[i].group].push_back(i);
  for (auto& [group, items] : members) {
    Finding finding{FindingKind::group_overlap, std::move(items), false, false, 1, group};
    compare_items(dataset, finding);
    finding.labels_differ = false;  // a patient may have been ill and well
    if (finding.across_splits) audit.findings.push_back(std::move(finding));
  }
}

// Most of a patient's slices have one class; the few that have another may be wrong.
void find_odd_labels(const Dataset& dataset, Audit& audit) {
  std::map<std::string, std::map<std::size_t, std::size_t>> counts;
  for (const Item& item : dataset.items)
    if (!item.group.empty()) ++counts[item.group][item.label];
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    const Item& item = dataset.items[i];
    if (item.group.empty()) continue;
    const auto& of_group = counts[item.group];
    const auto most = std::max_element(of_group.begin(), of_group.end(),
                                       [](auto& x, auto& y) { return x.second < y.second; });
    if (most->first == item.label || most->second < 2 * of_group.at(item.label)) continue;
    add(dataset, audit, FindingKind::odd_label, {i}, 1,
        fmt::format("'{}', while {} of group {} are '{}'", dataset.classes[item.label],
                    most->second, item.group, dataset.classes[most->first]));
  }
}

// Why this does not look like a slice, or empty. Burnt-in marks are small: a few levels at most.
std::string unlike_ct(const Look& look) {
  const double w = static_cast<double>(look.info.width), h = static_cast<double>(look.info.height);
  if (look.deviation < 4)
    return fmt::format("empty: gray levels deviate by {:.1f}", look.deviation);
  if (look.colour > 10) return fmt::format("in colour: channels {:.0f} levels apart", look.colour);
  if (std::max(w, h) > 2.2 * std::min(w, h))
    return fmt::format("{} x {} pixels: no slice has that shape", w, h);
  return "";
}

// What a manifest or a name says of a file and is not so, or empty.
std::string unlike_hash(const Item& item, const Look& look) {
  if (item.sha256.empty() || item.sha256 == hex(look.file)) return "";
  return fmt::format("SHA-256 begins with {}, in the manifest with {}",
                     hex(look.file).substr(0, 12), item.sha256.substr(0, 12));
}

std::string unlike_name(const Item& item, const Look& look) {
  std::string suffix = item.path.extension().string();
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool png = suffix == ".png", jpeg = suffix == ".jpg" || suffix == ".jpeg";
  if ((!png && !jpeg) || look.info.format == (png ? "png" : "jpeg")) return "";
  return fmt::format("a {} file named {}", look.info.format == "png" ? "PNG" : "JPEG", suffix);
}

}  // namespace

const char* finding_name(FindingKind kind) {
  static const char* const names[] = {
      "exact copy", "same pixels",  "near duplicate",      "group overlap", "odd label",
      "unreadable", "changed file", "not like a CT slice", "misnamed",      "class name"};
  return names[static_cast<std::size_t>(kind)];
}

bool Finding::leak() const {
  return kind <= FindingKind::group_overlap && (across_splits || labels_differ);
}

std::size_t Audit::leaks() const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [](const Finding& f) { return f.leak(); }));
}

std::size_t Audit::count(FindingKind kind, bool leaks_only) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [&](const Finding& f) { return f.kind == kind && (!leaks_only || f.leak()); }));
}

Audit audit(const Dataset& dataset, const Survey& survey) {
  Audit audit;
  audit.images = dataset.items.size();
  std::vector<std::size_t> usable;
  const auto note = [&](FindingKind kind, std::size_t i, std::string wrong) {
    if (!wrong.empty()) add(dataset, audit, kind, {i}, 1, std::move(wrong));
  };
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    const Look& look = survey.looks[i];
    note(FindingKind::unreadable, i, look.fault);
    if (!look.fault.empty()) continue;
    usable.push_back(i);
    note(FindingKind::changed, i, unlike_hash(dataset.items[i], look));
    note(FindingKind::not_ct, i, unlike_ct(look));
    note(FindingKind::misnamed, i, unlike_name(dataset.items[i], look));
  }
  const std::vector<std::size_t> different = find_copies(dataset, survey, usable, audit);
  find_near(dataset, survey, different, audit);
  find_group_overlap(dataset, audit);
  find_odd_labels(dataset, audit);
  for (const std::string& note : dataset.notes) {
    if (note.find("is read as class") == std::string::npos) continue;
    audit.findings.push_back({FindingKind::class_name, {}, false, false, 1, note});
  }
  const auto gravity = [](const Finding& f) { return f.leak() ? (f.labels_differ ? 2 : 1) : 0; };
  std::stable_sort(audit.findings.begin(), audit.findings.end(),
                   [&](const Finding& x, const Finding& y) {
                     if (gravity(x) != gravity(y)) return gravity(x) > gravity(y);
                     if (x.kind != y.kind) return x.kind < y.kind;
                     return x.alike > y.alike;
                   });
  return audit;
}

std::size_t apply_group_rule(Dataset& dataset, const std::string& rule) {
  std::regex pattern;
  try {
    pattern = std::regex(rule, std::regex::ECMAScript);
  } catch (const std::regex_error& error) {
    throw usage_error("group rule '{}': not a regular expression ({}). Try (p\\d+)_ for p12_3.png.",
                      rule, error.what());
  }
  std::size_t matched = 0;
  for (Item& item : dataset.items) {
    const std::string path = item.path.lexically_relative(dataset.root).generic_string();
    std::smatch match;
    if (!std::regex_search(path, match, pattern)) continue;
    item.group = match.size() > 1 ? match[1].str() : match[0].str();
    ++matched;
  }
  return matched;
}

}  // namespace hilum
