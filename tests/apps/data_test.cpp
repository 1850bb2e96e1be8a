// hilum data … as a user runs it, on sets whose truth is planted: scans in the order of file names,
// two patterns of known variance, cues in the frame and in the file, counts that can be listed.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "data/csv.h"
#include "data/image.h"
#include "engine/json.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

using nlohmann::json;
using Row = std::map<std::string, std::string>;  // a line of a manifest by column

std::vector<Row> manifest(const fs::path& path) {
  const auto lines = parse_csv(slurp(path), path.string());
  std::vector<Row> rows;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    rows.emplace_back();
    for (std::size_t c = 0; c < lines[0].fields.size(); ++c) {
      rows.back()[lines[0].fields[c]] = lines[i].fields.at(c);
    }
  }
  return rows;
}

// SHA-256 of every file below a folder by its name there, from the system's own program.
std::map<std::string, std::string> hashes_of(const fs::path& root) {
  const fs::path list = root.string() + ".sums";
  const std::string command = "cd '" + root.string() +
                              "' && find . -name '*.png' -exec sha256sum {} + > '" + list.string() +
                              "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::map<std::string, std::string> result;
  std::istringstream lines(slurp(list));
  for (std::string hash, name; lines >> hash >> name;) result[name.substr(2)] = hash;
  return result;
}

void expect_hashes(const std::vector<Row>& rows, const fs::path& root) {
  const auto known = hashes_of(root);
  ASSERT_FALSE(rows.empty());
  for (const Row& row : rows) {
    const fs::path path =
        fs::path(row.at("path")).is_absolute() ? fs::path(row.at("path")) : root / row.at("path");
    EXPECT_EQ(row.at("sha256"), known.at(fs::relative(path, root).string()));
  }
}

std::vector<std::string> phantom(const fs::path& out, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"data", "phantom", out.string(), "--size", "48", "--seed", "3"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// All of a phantom's slices in one folder a class or in one folder; their names tell the patient.
fs::path flat_phantom(const Folder& folder, bool classes) {
  EXPECT_EQ(run(phantom(folder / "phantom", {"--patients", "16", "--slices", "5"})).code, 0);
  for (const Row& row : manifest(folder / "phantom" / "manifest.csv")) {
    const fs::path to = folder / "flat" / (classes ? row.at("label") : "chest");
    fs::create_directories(to);
    fs::copy(folder / "phantom" / row.at("path"), to / fs::path(row.at("path")).filename());
  }
  return folder / "flat";
}

std::string patient_of(const Row& row) {
  return fs::path(row.at("path")).filename().string().substr(0, 5);  // p0012_03.png
}

TEST(Data, GroupsAreThePatients) {
  const Folder folder;
  const fs::path flat = flat_phantom(folder, false), out = folder / "groups.csv";
  const Outcome outcome = run({"data", "groups", flat.string(), "--out", out.string(), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json found = parse_json(outcome.out);
  EXPECT_TRUE(found["order_tells"].get<bool>());
  EXPECT_EQ(found["images"], 80);
  const std::vector<Row> rows = manifest(out);
  ASSERT_EQ(rows.size(), 80u);
  std::map<std::string, std::set<std::string>> runs;  // of each patient
  std::set<std::string> all;
  for (const Row& row : rows) {
    runs[patient_of(row)].insert(row.at("group"));
    all.insert(row.at("group"));
  }
  // No patient is divided; two whose slices are alike may be taken for one.
  for (const auto& [patient, of] : runs) EXPECT_EQ(of.size(), 1u) << patient;
  EXPECT_GE(all.size(), 14u);
  EXPECT_EQ(found["groups"], all.size());
  expect_hashes(rows, folder.path());
}

// The splits in which each group has images.
std::map<std::string, std::set<std::string>> sides(const std::vector<Row>& rows,
                                                   std::string (*group)(const Row&)) {
  std::map<std::string, std::set<std::string>> result;
  for (const Row& row : rows) result[group(row)].insert(row.at("split"));
  return result;
}

std::size_t divided(const std::vector<Row>& rows) {
  std::size_t count = 0;
  for (const auto& [group, splits] : sides(rows, patient_of)) count += splits.size() > 1;
  return count;
}

std::map<std::string, std::map<std::string, int>> counts(const std::vector<Row>& rows) {
  std::map<std::string, std::map<std::string, int>> result;
  for (const Row& row : rows) ++result[row.at("split")][row.at("label")];
  return result;
}

TEST(Data, SplitsAreStratifiedAndDivideNoGroup) {
  const Folder folder;
  const fs::path flat = flat_phantom(folder, true), out = folder / "split.csv";
  const auto split = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"data", "split", flat.string(), "--out", out.string()};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return manifest(out);
  };
  // By image: each class in its exact share, and patients on both sides.
  const std::vector<Row> loose = split({"--by", "image", "--fractions", "0.6/0.2/0.2"});
  ASSERT_EQ(loose.size(), 80u);
  auto share = counts(loose);
  for (const auto& [label, n] : share["train"]) EXPECT_EQ(n, 12) << label;
  for (const auto& [label, n] : share["test"]) EXPECT_EQ(n, 4) << label;
  EXPECT_EQ(share["val"].size(), 4u);
  EXPECT_GT(divided(loose), 8u);
  expect_hashes(loose, folder.path());
  // By the patient in the name, or by runs that were found: nobody is divided.
  const std::vector<Row> grouped = split({"--group-rule", "(p[0-9]+)_"});
  for (const Row& row : grouped) EXPECT_EQ(row.at("group"), patient_of(row));
  EXPECT_EQ(divided(grouped), 0u);
  EXPECT_EQ(divided(split({"--by", "runs"})), 0u);     // 20 slices a folder are enough to find them
  EXPECT_EQ(divided(split({"--by", "block:5"})), 0u);  // five slices each, in the order of names
  EXPECT_GT(divided(split({"--by", "block:2"})), 0u);
  EXPECT_NE(split({"--by", "image", "--seed", "1"}), split({"--by", "image", "--seed", "2"}));
}

TEST(Data, RepeatedFoldsTestEveryImageOnceEachTime) {
  const Folder folder;
  const fs::path flat = flat_phantom(folder, true);
  const Outcome outcome =
      run({"data", "split", flat.string(), "--group-rule", "(p[0-9]+)_", "--folds", "4",
           "--repeats", "2", "--out", (folder / "set.csv").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::vector<std::map<std::string, int>> parts;  // fold in which an image is tested
  for (int repeat = 1; repeat <= 2; ++repeat) {
    std::map<std::string, int> tested;
    for (int fold = 1; fold <= 4; ++fold) {
      const std::vector<Row> rows = manifest(
          folder / ("set-r" + std::to_string(repeat) + "-f" + std::to_string(fold) + ".csv"));
      ASSERT_EQ(rows.size(), 80u);
      EXPECT_EQ(divided(rows), 0u);
      auto share = counts(rows);
      for (const auto& [split, of] : share) EXPECT_EQ(of.size(), 4u) << split;
      for (const auto& [label, n] : share["test"]) EXPECT_EQ(n, 5) << label;
      for (const Row& row : rows) {
        if (row.at("split") == "test") {
          EXPECT_TRUE(tested.emplace(row.at("path"), fold).second);
        }
      }
      expect_hashes(rows, folder.path());
    }
    EXPECT_EQ(tested.size(), 80u);
    parts.push_back(tested);
  }
  EXPECT_NE(parts[0], parts[1]);
}

TEST(Data, HashesGoFromManifestToManifest) {
  const Folder folder;
  const std::string set = (folder / "set").string(), first = (folder / "first.csv").string(),
                    fixed = (folder / "fixed.csv").string();
  ASSERT_EQ(run(phantom(set, {"--patients", "12", "--slices", "2", "--faults", "duplicates"})).code,
            0);
  const Outcome leaks = run({"data", "check", set, "--fix", first});
  EXPECT_EQ(leaks.code, 1) << leaks.err;
  expect_hashes(manifest(first), folder.path());
  EXPECT_EQ(run({"data", "check", first}).code, 0);
  // A file that was changed is found out, also through the manifest made of a manifest.
  const Row changed = manifest(first).front();
  write_png(folder / changed.at("path"), {48, 48, 1, std::vector<std::uint8_t>(48 * 48, 77)});
  EXPECT_EQ(run({"data", "split", first, "--out", fixed}).code, 0);
  EXPECT_EQ(manifest(fixed).front().at("sha256"), changed.at("sha256"));
  const Outcome outcome = run({"data", "check", fixed});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("changed file: 1"), std::string::npos) << outcome.out;
}

std::map<std::string, json> probes(const fs::path& set) {
  const Outcome outcome = run({"data", "probes", set.string(), "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::map<std::string, json> result;
  const json found = parse_json(outcome.out);
  for (const json& probe : found["probes"]) result[probe["name"]] = probe;
  return result;
}

TEST(Data, ProbesFindThePlantedCues) {
  const Folder folder;
  std::map<std::string, std::map<std::string, json>> of;
  for (const std::string cue : {"none", "frame", "container"}) {
    std::vector<std::string> more = {"--patients", "40", "--slices", "4"};
    if (cue != "none") more.insert(more.end(), {"--faults", cue});
    ASSERT_EQ(run(phantom(folder / cue, more)).code, 0);
    of[cue] = probes(folder / cue);
    EXPECT_EQ(of[cue].size(), 7u);
  }
  // One class of four carries the cue, so its gain in the mean area is a fourth of what it is
  // worth.
  const auto gain = [&](const std::string& cue, const std::string& probe) {
    return of[cue][probe]["auc"].get<double>() - of["none"][probe]["auc"].get<double>();
  };
  EXPECT_GT(gain("frame", "frame only"), 0.08);
  EXPECT_GT(gain("container", "container only"), 0.08);
  EXPECT_NEAR(gain("container", "frame only"), 0, 0.03);  // the pixels are the same
  // The majority's k of n, counted.
  const std::vector<Row> rows = manifest(folder / "none" / "manifest.csv");
  auto by = counts(rows);
  std::string most = "carcinoma";
  for (const auto& [label, n] : by["train"]) most = n > by["train"][most] ? label : most;
  EXPECT_EQ(of["none"]["majority"]["k"], by["test"][most]);
  EXPECT_EQ(of["none"]["majority"]["n"], by["test"]["carcinoma"] + by["test"]["covid"] +
                                             by["test"]["normal"] + by["test"]["pneumonia"]);
}

// 12 images of 8 x 8 pixels: 128 + a s + b t, where s is +1 on the left half and -1 on the right, t
// the same for top and bottom. s and t are orthogonal and so are a and b, so the covariance has two
// eigenvalues other than zero: |s|^2 = 64 times the variance of a, and of b. a tells the class.
TEST(Data, PcaFindsTheVarianceThatWasPut) {
  const Folder folder;
  const std::vector<int> a = {40, 36, 44, 40, 36, 44, -40, -36, -44, -40, -36, -44},
                         b = {12, -12, 12, -12, 12, -12, 12, -12, 12, -12, 12, -12};
  double sum_a = 0, sum_b = 0, cross = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    Image image{8, 8, 1, std::vector<std::uint8_t>(64)};
    for (int p = 0; p < 64; ++p) {
      const int s = p % 8 < 4 ? 1 : -1, t = p < 32 ? 1 : -1;
      image.pixels[static_cast<std::size_t>(p)] =
          static_cast<std::uint8_t>(128 + a[i] * s + b[i] * t);
    }
    const fs::path to = folder / "set" / (a[i] > 0 ? "left" : "right");
    fs::create_directories(to);
    write_png(to / (std::to_string(i) + ".png"), image);
    sum_a += a[i] * a[i], sum_b += b[i] * b[i], cross += a[i] * b[i];
  }
  ASSERT_EQ(cross, 0);
  const Outcome outcome =
      run({"data", "pca", (folder / "set").string(), "--size", "8", "--components", "3", "--json",
           "--out", (folder / "pca").string(), "--project", (folder / "as").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json found = parse_json(outcome.out);
  const double unit = 64.0 / (255.0 * 255.0) / 11;  // n - 1 = 11
  EXPECT_NEAR(found["variance"][0].get<double>(), unit * sum_a, 1e-4 * unit * sum_a);
  EXPECT_NEAR(found["variance"][1].get<double>(), unit * sum_b, 1e-4 * unit * sum_a);
  EXPECT_NEAR(found["variance"][2].get<double>(), 0, 1e-4 * unit * sum_a);
  EXPECT_NEAR(found["total_variance"].get<double>(), unit * (sum_a + sum_b), 1e-4 * unit * sum_a);
  // Between-class share of a's sum of squares: the class means are +40 and -40.
  EXPECT_NEAR(found["separability"][0].get<double>(), 12 * 1600 / sum_a, 1e-3);
  EXPECT_NEAR(found["separability"][1].get<double>(), 0, 1e-3);
  // Two components hold everything, so the projected set is the set; its hashes are its own.
  const std::vector<Row> rows = manifest(folder / "as" / "manifest.csv");
  ASSERT_EQ(rows.size(), 12u);
  expect_hashes(rows, folder / "as");
  for (const char* file : {"mean.png", "component001.png", "scatter.png", "scores.csv"}) {
    EXPECT_TRUE(fs::exists(folder / "pca" / file)) << file;
  }
  const Image mean = read_image(folder / "pca" / "mean.png", 1);
  for (const std::uint8_t level : mean.pixels) EXPECT_EQ(level, 128);
}

TEST(Data, StatsCountWhatIsThere) {
  const Folder folder;
  const fs::path set = folder / "set";
  ASSERT_EQ(run(phantom(set, {"--patients", "12", "--slices", "3"})).code, 0);
  spill(set / "test" / "covid" / "broken.png", "no picture");
  fs::remove(set / "manifest.csv");  // so that the folders are read
  const Outcome outcome =
      run({"data", "stats", set.string(), "--json", "--out", (folder / "out").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::map<std::string, std::map<std::string, int>> listed;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(set)) {
    const fs::path path = entry.path().lexically_relative(set);
    if (entry.path().extension() != ".png" || *path.begin() == "masks") continue;
    ++listed[path.parent_path().filename()][*path.begin()];
  }
  const json stats = parse_json(outcome.out);
  ASSERT_EQ(stats["classes"].size(), listed.size());
  for (const json& one : stats["classes"]) {
    const bool broken = one["name"] == "covid";
    int all = 0;
    for (const auto& [split, n] : listed[one["name"]]) {
      EXPECT_EQ(one["images"][split], n) << one["name"];
      all += n;
    }
    EXPECT_EQ(one["bad"], broken ? 1 : 0);
    EXPECT_EQ(one["formats"]["png"], all - (broken ? 1 : 0));
    EXPECT_EQ(one["width"]["median"], 48);
  }
  // The histogram of each class sums to one.
  std::map<std::string, double> share;
  for (const Row& row : manifest(folder / "out" / "histogram.csv")) {
    share[row.at("class")] += std::stod(row.at("share"));
  }
  EXPECT_EQ(share.size(), 4u);
  for (const auto& [name, sum] : share) EXPECT_NEAR(sum, 1, 1e-3) << name;
}

}  // namespace
}  // namespace hilum::test
