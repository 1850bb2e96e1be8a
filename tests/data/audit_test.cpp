// The audit, the probes and the groups on phantoms with planted faults, whose truth is known.
#include "data/audit.h"

#include <cmath>
#include <map>
#include <set>

#include "data/groups.h"
#include "data/near_duplicates.h"
#include "data/phantom.h"
#include "data/phantom_faults.h"
#include "data/probes.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

// A set of 32 patients with these faults; read anew.
struct Planted {
  TemporaryFolder folder;
  fs::path root = folder.path() / "set";
  std::vector<PlantedFault> faults;
  Dataset dataset;
  Survey survey;

  explicit Planted(const std::set<std::string>& kinds, std::size_t patients = 32,
                   std::size_t size = 64) {
    PhantomOptions options;
    options.patients = patients;
    options.slices = 5;
    options.size = size;
    options.seed = 11;
    write_phantom_set(root, options);
    if (!kinds.empty()) faults = plant_faults(root, kinds);
    dataset = read_dataset(root);
    survey = make_survey(dataset);
  }
  std::string name(std::size_t item) const {
    return dataset.items[item].path.lexically_relative(fs::weakly_canonical(root)).empty()
               ? dataset.items[item].path.string()
               : dataset.items[item].path.lexically_relative(root).string();
  }
};

using Pairs = std::set<std::set<std::string>>;

// Of `planted`, how many were found; of what was found, how many were planted. A row of the table.
void score(const char* what, const Pairs& planted, const Pairs& found, double least_precision) {
  std::size_t hits = 0;
  for (const auto& pair : planted) hits += found.count(pair);
  const double precision =
      found.empty() ? 1 : static_cast<double>(hits) / static_cast<double>(found.size());
  testing::Test::RecordProperty(std::string(what) + " planted", static_cast<int>(planted.size()));
  std::cout << fmt::format(
      "{:<16} planted {:>3}  found {:>3}  recall {:.3f}  precision {:.3f}\n", what, planted.size(),
      found.size(), static_cast<double>(hits) / static_cast<double>(planted.size()), precision);
  EXPECT_FALSE(planted.empty());
  EXPECT_EQ(hits, planted.size()) << what;
  EXPECT_GE(precision, least_precision) << what;
}

TEST(Audit, FindsEveryPlantedLeak) {
  const Planted set({"duplicates", "near", "patients", "swapped"}, 32, 96);
  const Audit found = audit(set.dataset, set.survey);
  std::map<std::string, Pairs> planted, seen;
  for (const PlantedFault& fault : set.faults) {
    planted[fault.kind].insert(fault.kind == "patients"  ? std::set{fault.of}
                               : fault.kind == "swapped" ? std::set{fault.path}
                                                         : std::set{fault.path, fault.of});
  }
  for (const Finding& finding : found.findings) {
    std::set<std::string> names;
    for (const std::size_t i : finding.items) names.insert(set.name(i));
    if (finding.kind == FindingKind::exact_copy) seen["duplicates"].insert(names);
    // Neighbouring slices of one patient may be as alike; those are no planted ones, nor wrong.
    if (finding.kind == FindingKind::near_duplicate &&
        set.dataset.items[finding.items[0]].group != set.dataset.items[finding.items[1]].group)
      seen["near"].insert(names);
    if (finding.kind == FindingKind::group_overlap) seen["patients"].insert({finding.text});
    if (finding.kind == FindingKind::odd_label) seen["swapped"].insert(names);
  }
  for (const char* kind : {"duplicates", "near", "patients", "swapped"})
    score(kind, planted[kind], seen[kind], 0.95);
  EXPECT_EQ(found.count(FindingKind::unreadable), 0u);

  // Cleaned, no leak is left, and no more than the planted was taken.
  const Dataset clean = cleaned(set.dataset, found);
  EXPECT_EQ(audit(clean, make_survey(clean)).leaks(), 0u);
  EXPECT_GE(clean.items.size() + 16 + 8 * 2, set.dataset.items.size());
  EXPECT_FALSE(clean.indices("test").empty());
}

TEST(Audit, CleanPhantomsHaveNoLeak) {
  const Planted set({});
  const Audit found = audit(set.dataset, set.survey);
  EXPECT_EQ(found.leaks(), 0u) << format_audit(set.dataset, found);
}

const ProbeResult& probe(const std::vector<ProbeResult>& all, const std::string& name) {
  for (const ProbeResult& one : all)
    if (one.name == name) return one;
  throw std::runtime_error("no probe " + name);
}

// Area under the curve of class covid against the rest: the class that carries the cue.
double covid_auc(const ProbeResult& one) {
  std::vector<bool> positive;
  std::vector<double> score;
  for (std::size_t i = 0; i < one.labels.size(); ++i) {
    positive.push_back(one.labels[i] == 1);
    score.push_back(one.probability[i * 4 + 1]);
  }
  return roc_auc(positive, score).value;
}

TEST(Probes, ExposeBothCues) {
  std::map<std::string, std::map<std::string, double>> auc;
  for (const char* cue : {"frame", "container", ""}) {
    const Planted set(*cue ? std::set<std::string>{cue} : std::set<std::string>{}, 48);
    for (const ProbeResult& one : run_probes(set.dataset, set.survey, {})) {
      auc[cue][one.name] = covid_auc(one);
      EXPECT_EQ(one.probability.size(), one.labels.size() * 4);
      EXPECT_EQ(one.accuracy.n, set.dataset.indices("test").size());
    }
  }
  for (const char* name : {"frame only", "container only"})
    std::cout << fmt::format("{:<16} AUC clean {:.3f}  frame cue {:.3f}  container cue {:.3f}\n",
                             name, auc[""][name], auc["frame"][name], auc["container"][name]);
  EXPECT_GT(auc["frame"]["frame only"], 0.9);
  EXPECT_GT(auc["frame"]["frame only"], auc[""]["frame only"]);
  EXPECT_GT(auc["container"]["container only"], 0.9);
  EXPECT_LT(auc[""]["container only"], 0.75);
  EXPECT_NEAR(auc[""]["majority"], 0.5, 1e-9);
}

TEST(Probes, ShuffledLabelsBetrayLeaks) {
  Planted set({}, 40);
  ProbeOptions options;
  const double patient_wise =
      probe(run_probes(set.dataset, set.survey, options), "shuffled labels").accuracy.value();
  // The same images divided without a look at the patients; these still hold for the shuffling.
  const Dataset before = set.dataset;
  for (Item& item : set.dataset.items) item.group.clear();
  assign_splits(set.dataset, {0.7, 0.15, 0.15}, 3);
  for (std::size_t i = 0; i < before.items.size(); ++i)
    set.dataset.items[i].group = before.items[i].group;
  const double slice_wise =
      probe(run_probes(set.dataset, set.survey, options), "shuffled labels").accuracy.value();
  EXPECT_GT(slice_wise, patient_wise + 0.2);
}

TEST(Groups, FindRunsOfOnePatientByOrder) {
  // Phantom names follow the patients: p0000_00, p0000_01, …
  TemporaryFolder folder;
  PhantomOptions options;
  options.patients = 24;
  options.slices = 6;
  options.size = 64;
  write_phantom_set(folder.path() / "set", options);
  Dataset flat = read_dataset(folder.path() / "set");
  const fs::path all = folder.path() / "all" / "chest";
  fs::create_directories(all);
  Dataset ordered;
  ordered.classes = {"chest"};
  for (const Item& item : flat.items) {
    fs::copy_file(item.path, all / item.path.filename());
    ordered.items.push_back({all / item.path.filename(), 0, "", item.group});
  }
  std::sort(ordered.items.begin(), ordered.items.end(),
            [](const Item& a, const Item& b) { return a.path < b.path; });
  const GroupFinding finding = find_groups(ordered, make_survey(ordered));
  EXPECT_TRUE(finding.order_tells);
  EXPECT_LE(finding.distance, 3);
  EXPECT_GT(finding.distance_by_chance, 20);
  EXPECT_GT(finding.alike_next, finding.alike_any);
  // Neighbours of one patient mostly share a run, and runs are not one whole.
  std::size_t together = 0, pairs = 0;
  for (std::size_t i = 1; i < ordered.items.size(); ++i) {
    if (ordered.items[i].group != ordered.items[i - 1].group) continue;
    ++pairs;
    together += finding.group[i] == finding.group[i - 1];
  }
  EXPECT_GT(together, pairs * 7 / 10);
  EXPECT_GE(finding.groups, 8u);
}

TEST(Groups, NamesInNaturalOrderAndBlocks) {
  EXPECT_TRUE(natural_less("Covid (2).png", "Covid (10).png"));
  EXPECT_FALSE(natural_less("Covid (10).png", "Covid (2).png"));
  EXPECT_TRUE(natural_less("a2b", "a10a"));
  EXPECT_TRUE(natural_less("a", "a1"));
  EXPECT_FALSE(natural_less("a1", "a1"));
  EXPECT_TRUE(natural_less("a01", "a1") != natural_less("a1", "a01"));
  Dataset dataset;
  for (const char* name : {"x/1.png", "x/10.png", "x/2.png", "y/1.png"})
    dataset.items.push_back({name, 0, "", ""});
  EXPECT_EQ(block_groups(dataset, 2),
            (std::vector<std::string>{"block00001", "block00002", "block00001", "block00003"}));
}

TEST(Audit, SamePixelsInOtherFilesTwoLabelsAndOddImages) {
  TemporaryFolder folder;
  std::vector<std::uint32_t> values, colour;
  for (std::uint32_t k = 0; k < 32 * 32; ++k) {
    values.push_back((k * 37 + k / 32 * 11) % 256);
    for (int c = 0; c < 3; ++c) colour.push_back(values.back());
  }
  PngSpec gray;
  gray.width = gray.height = 32;
  PngSpec rgb = gray;
  rgb.colour = 2;
  folder.write("train/a/gray.png", make_png(gray, values));
  folder.write("test/b/colour.png", make_png(rgb, colour));
  folder.write("train/b/flat.png", make_png(gray, std::vector<std::uint32_t>(1024, 7)));
  folder.write("train/b/wide.png", some_png(64, 16));
  folder.write("test/a/broken.png", "text");
  const Dataset dataset = read_dataset(folder.path());
  const Audit found = audit(dataset, make_survey(dataset));
  ASSERT_FALSE(found.findings.empty());
  EXPECT_EQ(found.findings[0].kind, FindingKind::same_pixels);
  EXPECT_TRUE(found.findings[0].labels_differ && found.findings[0].across_splits);
  EXPECT_EQ(found.leaks(), 1u);
  EXPECT_EQ(found.count(FindingKind::unreadable), 1u);
  EXPECT_EQ(found.count(FindingKind::not_ct), 2u);
  EXPECT_HAS(format_audit(dataset, found), "LEAK  same pixels, two labels, across splits: 1");
  EXPECT_EQ(cleaned(dataset, found).items.size(), 2u);
}

TEST(Audit, ChangedAndMisnamedFilesAreNamed) {
  TemporaryFolder folder;
  folder.write("a/one.png", some_png(32, 32, 1));
  folder.write("a/two.png", some_png(40, 32, 50));
  folder.write("b/three.png", encode_jpeg({32, 32, 1, std::vector<std::uint8_t>(1024, 9)}, 90));
  folder.write("b/four.jpg", some_png(32, 40, 90));
  const Dataset before = read_dataset(folder.path());
  write_manifest(folder.path() / "set.csv", before);
  const auto check = [&] {
    const Dataset dataset = read_dataset(folder.path() / "set.csv");
    return std::pair{dataset, audit(dataset, make_survey(dataset))};
  };
  EXPECT_EQ(check().second.count(FindingKind::changed), 0u);
  EXPECT_EQ(check().second.count(FindingKind::misnamed), 2u);
  folder.write("a/two.png", some_png(40, 32, 51));
  const auto [dataset, found] = check();
  ASSERT_EQ(found.count(FindingKind::changed), 1u);
  EXPECT_HAS(format_audit(dataset, found), "in the manifest with");
  EXPECT_HAS(format_audit(dataset, found), ": a/two.png");
  EXPECT_HAS(format_audit(dataset, found), "a JPEG file named .png: b/three.png");
}

TEST(Audit, GroupRuleAndAllowedLeakageAreRemembered) {
  TemporaryFolder folder;
  folder.write("train/a/p1_1.png", some_png(32, 32, 1));
  folder.write("train/b/p2_1.png", some_png(40, 32, 90));
  folder.write("test/a/p1_2.png", some_png(16, 48, 30));
  Dataset dataset = read_dataset(folder.path());
  EXPECT_EQ(apply_group_rule(dataset, "(p[0-9]+)_"), 3u);
  EXPECT_EQ(dataset.items[0].group, "p1");
  const Audit found = audit(dataset, make_survey(dataset));
  EXPECT_EQ(found.count(FindingKind::group_overlap, true), 1u);
  EXPECT_HAS(message_of(ErrorKind::usage, [&] { apply_group_rule(dataset, "(p"); }), "(p");
  allow_leakage(folder.path(), dataset, found);
  bool noted = false;
  for (const std::string& note : read_dataset(folder.path()).notes)
    noted |= note.find("found and allowed") != std::string::npos;
  EXPECT_TRUE(noted);
}

TEST(Folds, EachImageIsTestedOnceAndGroupsStayTogether) {
  Dataset dataset;
  dataset.classes = {"a", "b"};
  for (std::size_t i = 0; i < 120; ++i)
    dataset.items.push_back({fmt::format("{:03}.png", i), i / 60, "", fmt::format("g{}", i / 4)});
  const std::vector<std::size_t> fold = assign_folds(dataset, 5, 2);
  std::vector<std::size_t> tested(120);
  for (std::size_t f = 0; f < 5; ++f) {
    use_fold(dataset, fold, 5, f);
    for (const std::size_t i : dataset.indices("test")) ++tested[i];
    EXPECT_EQ(dataset.count_by_class(dataset.indices("test")), (std::vector<std::size_t>{12, 12}));
    EXPECT_EQ(dataset.indices("val").size(), 24u);
  }
  EXPECT_EQ(tested, std::vector<std::size_t>(120, 1));
  for (std::size_t i = 0; i < 120; ++i) EXPECT_EQ(fold[i], fold[i / 4 * 4]);
}

TEST(RealData, CheckFindsWhatChestCtIsKnownFor) {
  HILUM_NEED_DATA("chest-ct");
  const Dataset dataset = read_dataset(real_data() / "chest-ct");
  const Audit found = audit(dataset, make_survey(dataset));
  const Finding& worst = found.findings.front();
  EXPECT_EQ(worst.kind, FindingKind::exact_copy);
  EXPECT_TRUE(worst.labels_differ);  // l4 and sq2: large cell and squamous
  EXPECT_EQ(dataset.items[worst.items[0]].path.stem(), "l4");
  std::set<std::string> leaked;
  for (const Finding& finding : found.findings) {
    if (finding.kind != FindingKind::exact_copy || !finding.across_splits) continue;
    for (const std::size_t i : finding.items)
      if (dataset.items[i].split == "val") leaked.insert(dataset.items[i].path.string());
  }
  EXPECT_EQ(leaked.size(), 10u);  // of 13 normal ones
}

}  // namespace
}  // namespace hilum::test
