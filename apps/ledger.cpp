// Finding, reading and adding to the ledger.
#include "apps/ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/terminal.h"
#include "data/csv.h"
#include "engine/file.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

constexpr const char* file_name = "test-ledger.csv";
constexpr int levels = 2;  // folders above the run in which a ledger is looked for

fs::path ledger_of(const fs::path& run) {
  const fs::path parent = fs::absolute(run / "").lexically_normal().parent_path().parent_path();
  fs::path at = parent;
  for (int level = 0; level < levels; ++level, at = at.parent_path()) {
    if (fs::exists(at / file_name)) return at / file_name;
  }
  return parent / file_name;
}

std::string header() { return csv_line({"when", "split", "images", "what"}); }

}  // namespace

std::string split_hash(const Dataset& dataset, const std::vector<std::size_t>& which) {
  std::vector<std::string> names;
  for (const std::size_t i : which) {
    const Item& item = dataset.items[i];
    std::error_code error;
    const auto bytes = fs::file_size(item.path, error);
    names.push_back(fmt::format("{}/{}/{}", dataset.classes[item.label],
                                item.path.filename().string(), error ? 0 : bytes));
  }
  std::sort(names.begin(), names.end());
  return fmt::format("{:016x}", purpose(fmt::format("{}", fmt::join(names, "\n"))));
}

Looks looks_at(const fs::path& run, const std::string& hash) {
  Looks looks{ledger_of(run), 0};
  if (!fs::exists(looks.ledger)) return looks;
  for (const CsvRow& row : parse_csv(read_file(looks.ledger), looks.ledger.string())) {
    looks.count += row.fields.size() > 1 && row.fields[1] == hash ? 1 : 0;
  }
  return looks;
}

Looks record_look(const fs::path& run, const std::string& hash, std::size_t images,
                  const std::string& what) {
  Looks looks = looks_at(run, hash);
  const std::string before = fs::exists(looks.ledger) ? read_file(looks.ledger) : header();
  write_file_atomically(looks.ledger,
                        before + csv_line({now_text(), hash, std::to_string(images), what}));
  ++looks.count;
  return looks;
}

}  // namespace hilum
