// The real sets, as their publishers left them. Skipped where they are not at hand.
#include <algorithm>

#include "data/dataset.h"
#include "data/image.h"
#include "data/stats.h"
#include "engine/file.h"
#include "engine/json.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

using Counts = std::vector<std::size_t>;
using Names = std::map<std::string, std::size_t>;

TEST(RealData, CovidCt) {
  HILUM_NEED_DATA("covid-ct");
  const Dataset set = read_dataset(real_data() / "covid-ct");
  EXPECT_EQ(set.classes, (std::vector<std::string>{"COVID", "NonCOVID"}));
  EXPECT_EQ(set.count_by_class(set.indices("train")), (Counts{191, 234}));
  EXPECT_EQ(set.count_by_class(set.indices("val")), (Counts{60, 58}));
  const DataStats stats = compute_stats(set);
  EXPECT_TRUE(stats.bad.empty()) << stats.bad.front();
  // What betrays the class without a look at the lungs: only COVID has alpha, or JPEG named .png.
  EXPECT_EQ(stats.classes[0].formats, (Names{{"png", 219}, {"jpeg named .png", 32}}));
  EXPECT_EQ(stats.classes[1].formats, (Names{{"png", 143}, {"jpeg", 149}}));
  EXPECT_EQ(stats.classes[0].colours,
            (Names{{"colour 8-bit", 112}, {"colour+alpha 8-bit", 127}, {"gray 8-bit", 12}}));
  EXPECT_EQ(stats.classes[1].colours, (Names{{"colour 8-bit", 274}, {"gray 8-bit", 18}}));
  EXPECT_EQ(stats.classes[0].height[0], 61u);
  EXPECT_EQ(stats.classes[0].width[2], 1671u);
  EXPECT_HAS(format_stats(stats), "COVID-CT-MetaInfo.csv");
  const nlohmann::json json = to_json(stats);
  EXPECT_EQ(json["classes"][1]["images"]["train"], 234);
  EXPECT_EQ(json["classes"][0]["name"], "COVID");
}

TEST(RealData, SarsCov2Ct) {
  HILUM_NEED_DATA("sars-cov-2-ct");
  Dataset set = read_dataset(real_data() / "sars-cov-2-ct");
  EXPECT_EQ(set.classes, (std::vector<std::string>{"COVID", "non-COVID"}));
  EXPECT_EQ(set.count_by_class(set.indices("")), (Counts{1002, 979}));
  EXPECT_TRUE(find_bad_images(set).empty());
  assign_splits(set, {0.7, 0.15, 0.15}, 7);
  const Counts train = set.count_by_class(set.indices("train"));
  EXPECT_NEAR(static_cast<double>(train[0]), 701.4, 1);
  EXPECT_NEAR(static_cast<double>(train[1]), 685.3, 1);
  EXPECT_EQ(set.indices("").size(), 0u);
}

TEST(RealData, ChestCtClassesAreMatchedBySuffix) {
  HILUM_NEED_DATA("chest-ct");
  const fs::path root = fs::canonical(real_data() / "chest-ct");
  const Dataset set = read_dataset(root);
  EXPECT_EQ(set.count_by_class(set.indices("train")), (Counts{195, 115, 148, 155}));
  EXPECT_EQ(set.count_by_class(set.indices("val")), (Counts{23, 21, 13, 15}));
  EXPECT_EQ(set.classes[0], "adenocarcinoma_left.lower.lobe_T2_N0_M0_Ib");

  // The publisher's test folder has the short names; here it is made of links to the valid one.
  TemporaryFolder folder;
  fs::create_directory_symlink(root / "train", folder.path() / "train");
  fs::create_directories(folder.path() / "test");
  for (const std::string& name : set.classes) {
    const std::string shorter = name.substr(0, name.find('_'));
    fs::create_directory_symlink(root / "valid" / name, folder.path() / "test" / shorter);
  }
  const Dataset both = read_dataset(folder.path());
  EXPECT_EQ(both.classes, (std::vector<std::string>{"adenocarcinoma", "large.cell.carcinoma",
                                                    "normal", "squamous.cell.carcinoma"}));
  EXPECT_EQ(both.count_by_class(both.indices("train")), (Counts{195, 115, 148, 155}));
  EXPECT_EQ(both.count_by_class(both.indices("test")), (Counts{23, 21, 13, 15}));
  const std::string note =
      "train: 'large.cell.carcinoma_left.hilum_T2_N2_M0_IIIa' is read as class "
      "'large.cell.carcinoma'";
  EXPECT_EQ(std::count(both.notes.begin(), both.notes.end(), note), 1);
  // And a network trained on the long names is tested on the short ones.
  const Dataset test = read_dataset(folder.path() / "test", set.classes);
  EXPECT_EQ(test.count_by_class(test.indices("")), (Counts{23, 21, 13, 15}));
}

TEST(RealData, Xray3Class) {
  HILUM_NEED_DATA("xray-3class");
  const Dataset set = read_dataset(real_data() / "xray-3class");
  EXPECT_EQ(set.classes, (std::vector<std::string>{"Covid", "Normal", "Viral Pneumonia"}));
  EXPECT_EQ(set.count_by_class(set.indices("train")), (Counts{111, 70, 70}));
  EXPECT_TRUE(find_bad_images(set).empty());
}

TEST(RealData, OtherFormatsAreRefusedByName) {
  HILUM_NEED_DATA("formats");
  std::size_t seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(real_data() / "formats")) {
    if (!entry.is_regular_file()) continue;
    const std::string message = message_of(ErrorKind::data, [&] { read_image(entry.path(), 1); });
    EXPECT_EQ(message.find(entry.path().string()), 0u);
    const bool dicom = entry.path().extension() == ".dcm";
    EXPECT_HAS(message, dicom ? "it is a DICOM file" : "it is a gzip file");
    ++seen;
  }
  EXPECT_EQ(seen, 11u);
}

TEST(RealData, CutShortScansAreRefused) {
  HILUM_NEED_DATA("covid-ct");
  const Dataset set = read_dataset(real_data() / "covid-ct");
  for (std::size_t i = 0; i < set.items.size(); i += 20) {
    const std::string bytes = read_file(set.items[i].path);
    for (std::size_t part : {1, 3, 5, 7, 9}) {
      const std::string message = message_of(ErrorKind::data, [&] {
        decode_image(bytes.substr(0, bytes.size() * part / 10), 3, set.items[i].path.string());
      });
      EXPECT_HAS(message, "cut short");
    }
  }
}

TEST(Stats, CountsWhatCannotBeRead) {
  TemporaryFolder folder;
  folder.write("train/a/p1/1.png", some_png(16, 20));
  folder.write("train/a/p1/2.jpg", some_png(32, 24));
  folder.write("train/a/p2/3.png", "");
  folder.write("val/a/p3/4.png", make_jpeg({90}, false));
  folder.write("train/b/5.png", "text");
  const DataStats stats = compute_stats(read_dataset(folder.path()));
  EXPECT_EQ(stats.splits, (std::vector<std::string>{"train", "val"}));
  const ClassStats& a = stats.classes[0];
  EXPECT_EQ(a.by_split, (Names{{"train", 3}, {"val", 1}}));
  EXPECT_EQ(a.groups, 3u);
  EXPECT_EQ(a.bad, 1u);
  EXPECT_EQ(a.formats, (Names{{"png", 1}, {"png named .jpg", 1}, {"jpeg named .png", 1}}));
  EXPECT_EQ(a.height[0], 16u);
  EXPECT_EQ(a.height[1], 20u);
  EXPECT_EQ(a.height[2], 24u);
  EXPECT_EQ(stats.classes[1].bad, 1u);
  EXPECT_EQ(stats.bad.size(), 2u);
  EXPECT_HAS(format_stats(stats), "2 cannot be used");
}

}  // namespace
}  // namespace hilum::test
