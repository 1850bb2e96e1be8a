// Sets listed in a CSV file: path,label[,split][,group][,sha256], other columns ignored.
#include <algorithm>
#include <map>

#include "data/class_names.h"
#include "data/csv.h"
#include "data/digest.h"
#include "data/read_set.h"
#include "engine/file.h"
#include "kernels/error.h"

namespace hilum {

namespace fs = std::filesystem;

namespace {

std::size_t column(const std::vector<std::string>& header, const char* name) {
  return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
}

}  // namespace

bool is_manifest(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return false;
  try {
    const std::string text = read_file(path);
    const auto rows = parse_csv(std::string_view(text).substr(0, text.find('\n')), path.string());
    return !rows.empty() && column(rows[0].fields, "path") < rows[0].fields.size() &&
           column(rows[0].fields, "label") < rows[0].fields.size();
  } catch (const Error&) {
    return false;
  }
}

void read_manifest(Dataset& dataset, const fs::path& path) {
  const std::string name = path.string();
  const std::vector<CsvRow> rows = parse_csv(read_file(path), name);
  if (rows.empty()) {
    throw data_error("{}: the manifest is empty. Expected a header path,label[,split][,group].",
                     name);
  }
  const std::vector<std::string>& header = rows[0].fields;
  const std::size_t at_path = column(header, "path"), at_label = column(header, "label"),
                    at_split = column(header, "split"), at_group = column(header, "group"),
                    at_hash = column(header, "sha256");
  if (at_path == header.size() || at_label == header.size()) {
    std::string shown = csv_line(header);
    shown.pop_back();
    throw data_error(
        "{}: the header is '{}'. Expected columns path and label, and split and group if known.",
        name, shown.substr(0, 200));
  }
  if (rows.size() == 1) throw data_error("{}: a header and no image below it.", name);

  const bool given = !dataset.classes.empty();
  std::map<fs::path, std::size_t> lines;  // to find a path that stands twice
  std::map<std::string, std::size_t> labels;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& [line, fields] = rows[i];
    if (fields.size() != header.size()) {
      throw data_error("{}, line {}: {} fields. Expected {} as in the header.", name, line,
                       fields.size(), header.size());
    }
    if (fields[at_path].empty() || fields[at_label].empty()) {
      throw data_error("{}, line {}: path or label is empty. Fill it in or remove the line.", name,
                       line);
    }
    Item item;
    item.path =
        (dataset.root / fields[at_path]).lexically_normal();  // an absolute one stays itself
    if (at_split < header.size() && !fields[at_split].empty()) {
      const auto split = split_of(fields[at_split]);
      if (!split) {
        throw data_error("{}, line {}: split '{}'. Expected train, val or test.", name, line,
                         fields[at_split]);
      }
      item.split = *split;
    }
    if (at_group < header.size()) item.group = fields[at_group];
    if (at_hash < header.size()) item.sha256 = fields[at_hash];
    const auto [known, fresh] = lines.emplace(item.path, line);
    if (!fresh) {
      throw data_error("{}, line {}: {} stands on line {} already. Keep one of them.", name, line,
                       item.path.string(), known->second);
    }
    // With no list given the labels are numbered as they come, and put in order below.
    const auto label = labels.find(fields[at_label]);
    if (label != labels.end()) {
      item.label = label->second;
    } else if (given) {
      item.label =
          match_class(fields[at_label], dataset.classes, fmt::format("{}, line {}", name, line));
      note_name(dataset, name, fields[at_label], dataset.classes[item.label]);
      labels.emplace(fields[at_label], item.label);
    } else {
      item.label = labels.size();
      labels.emplace(fields[at_label], item.label);
    }
    dataset.items.push_back(std::move(item));
  }
  if (!given) {
    std::vector<std::size_t> sorted(labels.size());
    for (const auto& [label, number] : labels) {
      sorted[number] = dataset.classes.size();
      dataset.classes.push_back(label);
    }
    for (Item& item : dataset.items) item.label = sorted[item.label];
  }
}

void hash_files(Dataset& dataset) {
  for (Item& item : dataset.items) {
    if (!item.sha256.empty()) continue;
    const std::string bytes = read_file(item.path);
    item.sha256 = hex(sha256(bytes.data(), bytes.size()));
  }
}

void write_manifest(const fs::path& path, Dataset dataset) {
  hash_files(dataset);
  const fs::path folder = fs::absolute(path).lexically_normal().parent_path();
  std::string text = csv_line({"path", "label", "split", "group", "sha256"});
  for (const Item& item : dataset.items) {
    const fs::path full = fs::absolute(item.path).lexically_normal();
    const fs::path relative = full.lexically_relative(folder);
    const bool below = !relative.empty() && *relative.begin() != "..";
    text += csv_line({(below ? relative : full).string(), dataset.classes.at(item.label),
                      item.split, item.group, item.sha256});
  }
  write_file_atomically(path, text);
}

}  // namespace hilum
