// Sets: folders, manifests, class names, splits, bad files.
#include "data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/class_names.h"
#include "data/csv.h"
#include "engine/file.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

bool has_note(const Dataset& dataset, const std::string& part) {
  return std::any_of(dataset.notes.begin(), dataset.notes.end(),
                     [&](const std::string& n) { return n.find(part) != std::string::npos; });
}

TEST(Csv, ReadsWhatRfc4180Says) {
  const auto rows = parse_csv(
      "\xef\xbb\xbfpath,label\r\n\"a, b\",\"say \"\"x\"\"\"\n\n\"two\nlines\",\nc,d", "m");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].fields, (std::vector<std::string>{"path", "label"}));
  EXPECT_EQ(rows[1].fields, (std::vector<std::string>{"a, b", "say \"x\""}));
  EXPECT_EQ(rows[2].fields, (std::vector<std::string>{"two\nlines", ""}));
  EXPECT_EQ(rows[2].line, 4u);
  EXPECT_EQ(rows[3].fields, (std::vector<std::string>{"c", "d"}));
  EXPECT_EQ(rows[3].line, 6u);
  EXPECT_TRUE(parse_csv("", "m").empty());
  EXPECT_EQ(parse_csv("\"\"", "m").at(0).fields, std::vector<std::string>{""});
}

TEST(Csv, WritesWhatItReads) {
  const std::vector<std::string> fields = {"a b", "c,d", "\"q\"", "", "new\nline"};
  EXPECT_EQ(csv_line(fields), "a b,\"c,d\",\"\"\"q\"\"\",,\"new\nline\"\n");
  EXPECT_EQ(parse_csv(csv_line(fields), "m").at(0).fields, fields);
  EXPECT_EQ(csv_line({"", "x"}), ",x\n");
}

TEST(Csv, Refuses) {
  EXPECT_HAS(message_of(ErrorKind::data, [] { parse_csv("a\n\"b\nc", "m.csv"); }), "m.csv, line 2");
  EXPECT_HAS(message_of(ErrorKind::data, [] { parse_csv("\"a\"b", "m.csv"); }), "closing quote");
  EXPECT_HAS(message_of(ErrorKind::data, [] { parse_csv(std::string("a\0b", 3), "m.csv"); }),
             "text");
}

TEST(ClassNames, OnlySuffixesMayDiffer) {
  EXPECT_TRUE(same_class("adenocarcinoma_left.lower.lobe_T2_N0_M0_Ib", "adenocarcinoma"));
  EXPECT_TRUE(same_class("Covid", "COVID"));
  EXPECT_TRUE(same_class("Viral Pneumonia", "viral pneumonia"));
  EXPECT_FALSE(same_class("non-COVID", "COVID"));
  EXPECT_FALSE(same_class("CT_COVID", "COVID"));
  EXPECT_FALSE(same_class("normal", "normalised"));
  EXPECT_FALSE(same_class("", "_x"));
}

TEST(ClassNames, MergedAcrossSplits) {
  EXPECT_EQ(merge_classes({{"normal", "squamous_left"}, {"Squamous", "normal"}}),
            (std::vector<std::string>{"Squamous", "normal"}));
  // Alike within one split, they are two classes.
  EXPECT_EQ(merge_classes({{"covid", "covid_severe"}, {"covid", "covid_severe"}}),
            (std::vector<std::string>{"covid", "covid_severe"}));
  EXPECT_HAS(message_of(ErrorKind::data,
                        [] {
                          merge_classes({{"covid_a", "covid_b"}, {"covid"}});
                        }),
             "could be any of covid_a, covid_b");
  EXPECT_HAS(message_of(ErrorKind::data,
                        [] {
                          merge_classes({{"covid"}, {"covid_a", "covid_b"}});
                        }),
             "could both be 'covid'");
}

// root/<split>/<class>/<n>.png
void fill(const TemporaryFolder& folder, const std::string& sub, int images) {
  for (int i = 0; i < images; ++i) {
    folder.write(fs::path(sub) / fmt::format("{}.png", i), some_png(16, 16, i));
  }
}

TEST(FolderSet, SplitsClassesAndNotes) {
  TemporaryFolder folder;
  fill(folder, "train/normal", 3);
  fill(folder, "train/squamous_left.hilum_T1", 2);
  fill(folder, "valid/normal", 1);
  fill(folder, "valid/squamous_left.hilum_T1", 1);
  fill(folder, "test/Squamous", 2);
  fill(folder, "masks", 1);
  folder.write("README.txt", "words");
  folder.write("train/normal/.DS_Store", "litter");
  folder.write("train/normal/Thumbs.db", "litter");
  const Dataset set = read_dataset(folder.path());
  EXPECT_EQ(set.classes, (std::vector<std::string>{"Squamous", "normal"}));
  EXPECT_EQ(set.items.size(), 9u);
  EXPECT_EQ(set.count_by_class(set.indices("train")), (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(set.count_by_class(set.indices("val")), (std::vector<std::size_t>{1, 1}));
  EXPECT_EQ(set.count_by_class(set.indices("test")), (std::vector<std::size_t>{2, 0}));
  EXPECT_TRUE(std::is_sorted(set.items.begin(), set.items.end(),
                             [](const Item& a, const Item& b) { return a.path < b.path; }));
  EXPECT_TRUE(has_note(set, "'squamous_left.hilum_T1' is read as class 'Squamous'"));
  EXPECT_TRUE(has_note(set, "README.txt"));
  EXPECT_TRUE(has_note(set, "masks"));
  EXPECT_TRUE(has_note(set, "test: no image of class 'normal'"));
  EXPECT_TRUE(find_bad_images(set).empty());
}

TEST(FolderSet, PatientFoldersAreGroups) {
  TemporaryFolder folder;
  fill(folder, "covid/p1", 2);
  fill(folder, "covid/p2/series1", 1);
  fill(folder, "normal", 1);
  const Dataset set = read_dataset(folder.path());
  ASSERT_EQ(set.items.size(), 4u);
  EXPECT_EQ(set.items[0].group, "p1");
  EXPECT_EQ(set.items[2].group, "p2");
  EXPECT_EQ(set.items[3].group, "");
  EXPECT_EQ(set.items[0].split, "");
  EXPECT_EQ(set.indices("").size(), 4u);
}

TEST(FolderSet, ClassesOfATrainedNetwork) {
  TemporaryFolder folder;
  fill(folder, "test/adenocarcinoma", 1);
  const std::vector<std::string> trained = {"normal", "adenocarcinoma_left_T2"};
  const Dataset set = read_dataset(folder.path(), trained);
  EXPECT_EQ(set.classes, trained);
  EXPECT_EQ(set.items[0].label, 1u);
  EXPECT_TRUE(has_note(set, "'adenocarcinoma' is read as class 'adenocarcinoma_left_T2'"));
  fill(folder, "test/large.cell", 1);
  const std::string message =
      message_of(ErrorKind::data, [&] { read_dataset(folder.path(), trained); });
  EXPECT_HAS(message, "'large.cell' is in no class list");
  EXPECT_HAS(message, "normal, adenocarcinoma_left_T2");
}

TEST(FolderSet, Refuses) {
  auto message = [](const fs::path& path) {
    return message_of(ErrorKind::data, [&] { read_dataset(path); });
  };
  {
    TemporaryFolder folder;
    EXPECT_HAS(message(folder.path() / "none"), "no such folder");
    EXPECT_HAS(message(folder.path()), "the folder is empty");
    folder.write("a.png", some_png());
    EXPECT_HAS(message(folder.path()), "no class folders");
  }
  {
    TemporaryFolder folder;
    fill(folder, "covid", 1);
    fs::create_directories(folder.path() / "normal");
    EXPECT_HAS(message(folder.path()), "normal: a class with no image");
    folder.write("normal/.hidden", "x");
    EXPECT_HAS(message(folder.path()), "a class with no image");
  }
  {
    TemporaryFolder folder;
    fill(folder, "train/covid", 1);
    fill(folder, "val/normal", 1);
    EXPECT_HAS(message(folder.path()), "class 'normal' has no image in the train split");
    fill(folder, "train/normal", 1);
    fs::create_directories(folder.path() / "test");
    EXPECT_HAS(message(folder.path()), "test: no class folders");
    fs::remove(folder.path() / "test");
    fs::create_directories(folder.path() / "validation");
    EXPECT_HAS(message(folder.path()), "both the split 'val'");
  }
  {
    TemporaryFolder folder;
    fill(folder, "covid", 1);
    fs::create_directory_symlink("..", folder.path() / "covid" / "loop");
    EXPECT_HAS(message(folder.path()), "nested too deeply");
  }
}

TEST(BadFiles, EachIsFoundWithItsReason) {
  TemporaryFolder folder;
  fill(folder, "covid", 4);
  fill(folder, "normal", 2);
  folder.write("covid/b_cut.png", some_png().substr(0, 200));
  folder.write("covid/c_empty.jpg", "");
  folder.write("covid/d_dot.png", some_png(1, 1));
  folder.write("covid/e_text.png", "these are words");
  fs::create_symlink("nowhere.png", folder.path() / "covid" / "f_link.png");
  Dataset set = read_dataset(folder.path());
  ASSERT_EQ(set.items.size(), 11u);
  const std::vector<BadItem> bad = find_bad_images(set);
  ASSERT_EQ(bad.size(), 5u);
  const char* const reasons[] = {"cut short", "empty", "1 x 1 pixels", "text file", "No such file"};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(bad[i].index, 4 + i);
    EXPECT_EQ(bad[i].reason.find(folder.path().string()), std::string::npos);
    EXPECT_HAS(bad[i].reason, reasons[i]);
  }
  remove_items(set, bad);
  EXPECT_EQ(set.count_by_class(set.indices("")), (std::vector<std::size_t>{4, 2}));
  EXPECT_TRUE(find_bad_images(set).empty());
}

TEST(BadFiles, RemovingAWholeClassIsRefused) {
  TemporaryFolder folder;
  fill(folder, "train/covid", 2);
  folder.write("train/normal/a.png", "");
  Dataset set = read_dataset(folder.path());
  const std::vector<BadItem> bad = find_bad_images(set);
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_HAS(message_of(ErrorKind::data, [&] { remove_items(set, bad); }), "class 'normal'");
}

TEST(Manifest, ReadsAndWrites) {
  TemporaryFolder folder;
  fill(folder, "img", 3);
  const fs::path elsewhere = folder.write("other/x,1.png", some_png());
  const fs::path file = folder.write(
      "sets/list.csv", fmt::format("label,extra,path,group,split\ncovid,1,../img/2.png,p1,train\n"
                                   "normal,2,../img/0.png,p2,valid\ncovid,3,../img/1.png,p1,\n"
                                   "normal,4,\"{}\",,train\n",
                                   elsewhere.string()));
  const Dataset set = read_dataset(file);
  EXPECT_EQ(set.classes, (std::vector<std::string>{"covid", "normal"}));
  ASSERT_EQ(set.items.size(), 4u);
  EXPECT_EQ(set.items[0].path, folder.path() / "img/0.png");
  EXPECT_EQ(set.items[0].split, "val");
  EXPECT_EQ(set.items[0].label, 1u);
  EXPECT_EQ(set.items[3].path, elsewhere);
  EXPECT_TRUE(has_note(set, "1 of 2 groups"));
  EXPECT_TRUE(find_bad_images(set).empty());

  write_manifest(folder.path() / "again.csv", set);
  EXPECT_HAS(read_file(folder.path() / "again.csv"), "\nimg/0.png,normal,val,p2,");
  const Dataset again = read_dataset(folder.path() / "again.csv");
  ASSERT_EQ(again.items.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(again.items[i].path, set.items[i].path);
    EXPECT_EQ(again.items[i].label, set.items[i].label);
    EXPECT_EQ(again.items[i].split, set.items[i].split);
    EXPECT_EQ(again.items[i].group, set.items[i].group);
  }
  // A folder with a manifest is read through it.
  write_manifest(folder.path() / "manifest.csv", set);
  const Dataset through = read_dataset(folder.path());
  EXPECT_EQ(through.items.size(), 4u);
  EXPECT_TRUE(has_note(through, "read through its manifest.csv"));
}

TEST(Manifest, Refuses) {
  TemporaryFolder folder;
  auto message = [&](const std::string& text, const std::vector<std::string>& classes = {}) {
    const fs::path file = folder.write("list.csv", text);
    const std::string what = message_of(ErrorKind::data, [&] { read_dataset(file, classes); });
    EXPECT_EQ(what.find(file.string()), 0u) << what;
    return what;
  };
  EXPECT_HAS(message(""), "empty");
  EXPECT_HAS(message("path,label\n"), "no image below");
  EXPECT_HAS(message("file,class\na,b\n"), "file,class");
  EXPECT_HAS(message("path,label\na.png,covid,train\n"), "line 2: 3 fields");
  EXPECT_HAS(message("path,label\na.png,\n"), "line 2: path or label is empty");
  EXPECT_HAS(message("path,label,split\na.png,x,holdout\n"), "line 2: split 'holdout'");
  EXPECT_HAS(message("path,label\na.png,x\nb.png,y\n./a.png,y\n"), "line 4");
  EXPECT_HAS(message("path,label\na.png,x\n", {"covid", "normal"}), "no class list");
  EXPECT_HAS(message(some_png()), "not a text file");
  // A file that the manifest names and that is not there is a bad item.
  folder.write("list.csv", "path,label\na.png,x\n");
  const auto bad = find_bad_images(read_dataset(folder.path() / "list.csv"));
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_HAS(bad[0].reason, "No such file");
}

Dataset made_up(const std::vector<std::size_t>& counts, std::size_t group_size) {
  Dataset set;
  set.root = "made-up";
  for (std::size_t c = 0; c < counts.size(); ++c) {
    set.classes.push_back(fmt::format("c{}", c));
    for (std::size_t i = 0; i < counts[c]; ++i) {
      set.items.push_back({fmt::format("{}/{:04}.png", c, i), c, "",
                           group_size ? fmt::format("c{}p{}", c, i / group_size) : ""});
    }
  }
  return set;
}

TEST(Split, StratifiedToTheImage) {
  Dataset set = made_up({100, 61, 7}, 0);
  assign_splits(set, {0.7, 0.15, 0.15}, 3);
  EXPECT_EQ(set.count_by_class(set.indices("train")).at(0), 70u);
  EXPECT_EQ(set.count_by_class(set.indices("val")).at(0), 15u);
  EXPECT_EQ(set.count_by_class(set.indices("test")).at(0), 15u);
  for (std::size_t c = 0; c < 3; ++c) {
    const double n = std::vector<double>{100, 61, 7}[c];
    EXPECT_NEAR(static_cast<double>(set.count_by_class(set.indices("train"))[c]), 0.7 * n, 1);
    EXPECT_NEAR(static_cast<double>(set.count_by_class(set.indices("val"))[c]), 0.15 * n, 1);
  }
}

TEST(Split, SeedDecides) {
  Dataset a = made_up({50, 50}, 0), b = a, c = a;
  assign_splits(a, {0.6, 0.2, 0.2}, 1);
  assign_splits(b, {0.6, 0.2, 0.2}, 1);
  assign_splits(c, {0.6, 0.2, 0.2}, 2);
  EXPECT_EQ(a.indices("test"), b.indices("test"));
  EXPECT_NE(a.indices("test"), c.indices("test"));
  // It is not the files' order that decides.
  EXPECT_NE(a.indices("train").back(), a.indices("train").size() - 1);
}

TEST(Split, GroupsStayTogether) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Dataset set = made_up({90, 54}, 6);
    // One patient with images of both classes.
    set.items[0].group = set.items[90].group = "both";
    assign_splits(set, {0.7, 0.15, 0.15}, seed);
    std::map<std::string, std::set<std::string>> splits;
    for (const Item& item : set.items) splits[item.group].insert(item.split);
    for (const auto& [group, in] : splits) EXPECT_EQ(in.size(), 1u) << group;
    EXPECT_NEAR(static_cast<double>(set.indices("train").size()), 0.7 * 144, 12);
    for (const char* split : {"val", "test"}) {
      for (std::size_t n : set.count_by_class(set.indices(split))) EXPECT_GT(n, 0u) << seed;
    }
  }
}

TEST(Split, LeavesNoClassEmptyOrSaysSo) {
  Dataset set = made_up({30, 3}, 0);
  assign_splits(set, {0.8, 0.1, 0.1}, 0);
  for (const char* split : {"train", "val", "test"}) {
    EXPECT_EQ(set.count_by_class(set.indices(split))[1], 1u);
  }
  Dataset few = made_up({30, 2}, 0);
  EXPECT_HAS(message_of(ErrorKind::data,
                        [&] {
                          assign_splits(few, {0.8, 0.1, 0.1}, 0);
                        }),
             "without class 'c1', of which there are 2 images");
  assign_splits(few, {0.8, 0.2, 0}, 0);
  EXPECT_TRUE(few.indices("test").empty());
  // All of a class are one patient.
  Dataset one = made_up({30, 6}, 6);
  EXPECT_HAS(message_of(ErrorKind::data,
                        [&] {
                          assign_splits(one, {0.8, 0.2, 0}, 0);
                        }),
             "1 groups");
}

TEST(Split, Parsing) {
  const SplitFractions three = parse_split("0.7/0.1/0.2");
  EXPECT_EQ(three.train, 0.7);
  EXPECT_EQ(three.val, 0.1);
  EXPECT_EQ(three.test, 0.2);
  const SplitFractions two = parse_split("0.8/0.2");
  EXPECT_EQ(two.val, 0.2);
  EXPECT_EQ(two.test, 0);
  for (const char* text : {"", "0.8", "0.8/0.3", "0.7/0.1/0.1/0.1", "a/b", "0.8/0.2x", "1.2/-0.2",
                           "0/1", "nan/1", "0.8//0.2"}) {
    message_of(ErrorKind::usage, [&] { parse_split(text); });
  }
}

}  // namespace
}  // namespace hilum::test
