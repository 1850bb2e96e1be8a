// Writing, reading and averaging predictions.
#include "data/prediction_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "data/calibration.h"
#include "data/csv.h"
#include "engine/file.h"
#include "kernels/error.h"

namespace hilum {
namespace {

constexpr std::size_t fixed_columns = 5;
const std::string logit_prefix = "logit:";

float number(const std::string& text, const std::string& name, std::size_t line) {
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw data_error("{}, line {}: '{}' is no number. Expected a logit.", name, line, text);
  }
  return value;
}

}  // namespace

std::vector<float> PredictionTable::probabilities(double temperature) const {
  return softmax_rows(logits, classes.size(), temperature);
}

std::vector<std::int32_t> PredictionTable::predicted() const {
  std::vector<std::int32_t> result;
  for (std::size_t i = 0; i < size(); ++i) {
    const float* z = logits.data() + i * classes.size();
    result.push_back(static_cast<std::int32_t>(std::max_element(z, z + classes.size()) - z));
  }
  return result;
}

std::vector<bool> PredictionTable::right() const {
  const std::vector<std::int32_t> calls = predicted();
  std::vector<bool> result;
  for (std::size_t i = 0; i < size(); ++i) result.push_back(calls[i] == labels[i]);
  return result;
}

std::vector<std::string> PredictionTable::groups() const {
  std::vector<std::string> result;
  for (const PredictionRow& row : rows) result.push_back(row.group);
  return result;
}

bool PredictionTable::grouped() const {
  std::set<std::string> seen;
  return std::any_of(rows.begin(), rows.end(), [&](const PredictionRow& row) {
    return !row.group.empty() && !seen.insert(row.group).second;
  });
}

std::string predictions_csv(const PredictionTable& table) {
  std::vector<std::string> header = {"split", "path", "label", "group", "predicted"};
  for (const std::string& name : table.classes) header.push_back(logit_prefix + name);
  std::string text = csv_line(header);
  const std::vector<std::int32_t> predicted = table.predicted();
  const std::size_t k = table.classes.size();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const PredictionRow& row = table.rows[i];
    const auto name = [&](std::int32_t c) { return table.classes[static_cast<std::size_t>(c)]; };
    std::vector<std::string> fields = {row.split, row.path, name(table.labels[i]), row.group,
                                       name(predicted[i])};
    for (std::size_t c = 0; c < k; ++c) {
      fields.push_back(fmt::format("{:.9g}", table.logits[i * k + c]));
    }
    text += csv_line(fields);
  }
  return text;
}

PredictionTable read_predictions(const std::filesystem::path& path) {
  const std::string name = path.string();
  const std::vector<CsvRow> lines = parse_csv(read_file(path), name);
  PredictionTable table;
  for (std::size_t c = fixed_columns; !lines.empty() && c < lines[0].fields.size(); ++c) {
    const std::string& field = lines[0].fields[c];
    if (field.starts_with(logit_prefix)) table.classes.push_back(field.substr(logit_prefix.size()));
  }
  if (table.classes.empty() || lines[0].fields.size() != fixed_columns + table.classes.size()) {
    throw data_error(
        "{}: expected the columns split,path,label,group,predicted and logit:<class> for each "
        "class, as `hilum evaluate` writes them.",
        name);
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string>& fields = lines[i].fields;
    if (fields.size() != lines[0].fields.size()) {
      throw data_error("{}, line {}: has {} fields. Expected {}.", name, lines[i].line,
                       fields.size(), lines[0].fields.size());
    }
    const auto label = std::find(table.classes.begin(), table.classes.end(), fields[2]);
    if (label == table.classes.end()) {
      throw data_error("{}, line {}: label '{}' is none of the classes {}.", name, lines[i].line,
                       fields[2], fmt::join(table.classes, ", "));
    }
    table.rows.push_back({fields[0], fields[1], fields[3]});
    table.labels.push_back(static_cast<std::int32_t>(label - table.classes.begin()));
    for (std::size_t c = fixed_columns; c < fields.size(); ++c) {
      table.logits.push_back(number(fields[c], name, lines[i].line));
    }
  }
  return table;
}

PredictionTable ensemble(const std::vector<PredictionTable>& members) {
  if (members.empty()) throw usage_error("ensemble: has no members. Expected one or more.");
  PredictionTable result = members.front();
  std::vector<double> sum(result.logits.size());
  for (const PredictionTable& member : members) {
    bool same = member.classes == result.classes && member.size() == result.size();
    for (std::size_t i = 0; same && i < result.size(); ++i) {
      same = member.rows[i].path == result.rows[i].path && member.labels[i] == result.labels[i];
    }
    if (!same) {
      throw data_error(
          "ensemble: its members saw different images or classes. Expected predictions of the same "
          "split; evaluate all of them on it.");
    }
    const std::vector<float> p = member.probabilities();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(p[i]);
  }
  for (std::size_t i = 0; i < sum.size(); ++i) {
    const double mean = sum[i] / static_cast<double>(members.size());
    result.logits[i] = static_cast<float>(std::log(std::max(mean, 1e-30)));
  }
  return result;
}

void append(PredictionTable& table, const PredictionTable& more) {
  if (table.classes.empty()) table.classes = more.classes;
  if (table.classes != more.classes) {
    throw data_error("predictions of classes {} and {}: cannot be put together.",
                     fmt::join(table.classes, ", "), fmt::join(more.classes, ", "));
  }
  table.rows.insert(table.rows.end(), more.rows.begin(), more.rows.end());
  table.labels.insert(table.labels.end(), more.labels.begin(), more.labels.end());
  table.logits.insert(table.logits.end(), more.logits.begin(), more.logits.end());
}

}  // namespace hilum
