// A phantom set on disk: layout, splits, manifest, the same bytes for any number of threads, and
// nobody's files touched.
#include <omp.h>

#include <map>
#include <set>

#include "data/dataset.h"
#include "data/phantom.h"
#include "engine/file.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

PhantomOptions tiny(std::size_t patients = 12, std::size_t slices = 2) {
  PhantomOptions options;
  options.patients = patients;
  options.slices = slices;
  options.size = 40;
  options.seed = 5;
  return options;
}

// Every file below the folder, with its bytes.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[entry.path().lexically_relative(folder).string()] = read_file(entry.path());
    }
  }
  return files;
}

class Threads {
 public:
  explicit Threads(int n) : before_(omp_get_max_threads()) { omp_set_num_threads(n); }
  ~Threads() { omp_set_num_threads(before_); }

 private:
  int before_;
};

TEST(PhantomSet, EveryClassInEverySplitAndNoPatientInTwo) {
  for (const std::size_t patients : {12u, 19u}) {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "set";
    std::size_t calls = 0, last = 0;
    write_phantom_set(out, tiny(patients), [&](std::size_t done, std::size_t all) {
      ++calls;
      last = std::max(last, done);
      EXPECT_EQ(all, patients);
    });
    EXPECT_EQ(calls, patients);
    EXPECT_EQ(last, patients);

    const Dataset set = read_dataset(out / "manifest.csv");
    EXPECT_EQ(set.classes,
              std::vector<std::string>(kPhantomClassNames.begin(), kPhantomClassNames.end()));
    EXPECT_EQ(set.items.size(), patients * 2);
    std::map<std::string, std::set<std::string>> splits_of, labels_of;
    for (const Item& item : set.items) {
      splits_of[item.group].insert(item.split);
      labels_of[item.group].insert(set.classes[item.label]);
      EXPECT_TRUE(fs::is_regular_file(item.path)) << item.path;
      for (const char* mask : {"lung", "lesion"}) {
        EXPECT_TRUE(fs::is_regular_file(out / "masks" / mask / item.path.filename()));
      }
    }
    EXPECT_EQ(splits_of.size(), patients);
    for (const auto& [group, splits] : splits_of) EXPECT_EQ(splits.size(), 1u) << group;
    for (const auto& [group, labels] : labels_of) EXPECT_EQ(labels.size(), 1u) << group;
    for (const char* split : {"train", "val", "test"}) {
      for (const std::size_t n : set.count_by_class(set.indices(split))) EXPECT_GE(n, 2u) << split;
    }
    // The folders say the same as the manifest.
    const Dataset by_folder = read_dataset(out);
    EXPECT_EQ(by_folder.classes, set.classes);
    EXPECT_EQ(by_folder.items.size(), set.items.size());
    EXPECT_TRUE(find_bad_images(set).empty());
  }
}

TEST(PhantomSet, ClassesAreEvenAndSplitsNearSeventyFifteenFifteen) {
  const TemporaryFolder folder;
  PhantomOptions options = tiny(40, 1);
  options.size = 32;
  write_phantom_set(folder.path(), options);
  const Dataset set = read_dataset(folder.path() / "manifest.csv");
  std::vector<std::size_t> all(set.items.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  EXPECT_EQ(set.count_by_class(all), std::vector<std::size_t>(4, 10));
  EXPECT_EQ(set.count_by_class(set.indices("train")), std::vector<std::size_t>(4, 7));
  // The patient's number does not tell the class: not in rounds, not in blocks.
  for (std::size_t residue = 0; residue < 4; ++residue) {
    std::set<std::size_t> labels;
    for (const Item& item : set.items) {
      if (std::stoul(item.group.substr(1)) % 4 == residue) labels.insert(item.label);
    }
    EXPECT_GT(labels.size(), 1u);
  }
}

TEST(PhantomSet, SameBytesForAnyNumberOfThreadsAndOthersForAnotherSeed) {
  const TemporaryFolder one, three, other;
  {
    const Threads threads(1);
    write_phantom_set(one.path(), tiny());
  }
  {
    const Threads threads(3);
    write_phantom_set(three.path(), tiny());
  }
  const auto expected = contents(one.path());
  EXPECT_EQ(expected.size(), 12u * 2 * 3 + 2);
  EXPECT_TRUE(expected == contents(three.path()));
  PhantomOptions another = tiny();
  another.seed = 6;
  write_phantom_set(other.path(), another);
  EXPECT_FALSE(expected == contents(other.path()));
}

// All images have one format and size, so that no container betrays a class.
TEST(PhantomSet, FilesAreAllOfOneKind) {
  const TemporaryFolder folder;
  write_phantom_set(folder.path(), tiny());
  for (const auto& [name, bytes] : contents(folder.path())) {
    if (name.find(".png") == std::string::npos) continue;
    const ImageInfo info = image_info(bytes, name);
    EXPECT_EQ(info.format, "png") << name;
    EXPECT_EQ(info.channels, 1u) << name;
    EXPECT_EQ(info.bit_depth, 8u) << name;
    EXPECT_EQ(info.width, 40u) << name;
    EXPECT_EQ(info.height, 40u) << name;
  }
}

TEST(PhantomSet, TouchesNobodysFiles) {
  const TemporaryFolder folder;
  folder.write("letter.txt", "dear");
  const auto before = contents(folder.path());
  EXPECT_HAS(message_of(ErrorKind::data, [&] { write_phantom_set(folder.path(), tiny()); }),
             "letter.txt");
  EXPECT_EQ(contents(folder.path()), before);

  // Not even where they lie in a set of ours.
  const TemporaryFolder ours;
  write_phantom_set(ours.path(), tiny());
  ours.write("train/covid/my_own.png", "mine");
  const auto mixed = contents(ours.path());
  EXPECT_HAS(message_of(ErrorKind::data, [&] { write_phantom_set(ours.path(), tiny()); }),
             "my_own.png");
  EXPECT_EQ(contents(ours.path()), mixed);

  // Pictures named like ours in a folder that is not ours.
  const TemporaryFolder alike;
  alike.write("train/covid/p0000_00.png", some_png());
  message_of(ErrorKind::data, [&] { write_phantom_set(alike.path(), tiny()); });

  const fs::path file = folder.write("file", "x");
  EXPECT_HAS(message_of(ErrorKind::data, [&] { write_phantom_set(file, tiny()); }), "not a folder");
}

TEST(PhantomSet, AnEarlierSetIsMadeAnew) {
  const TemporaryFolder folder, fresh;
  write_phantom_set(folder.path(), tiny(16, 3));
  write_phantom_set(folder.path(), tiny());
  write_phantom_set(fresh.path(), tiny());
  EXPECT_TRUE(contents(folder.path()) == contents(fresh.path()));
}

TEST(PhantomSet, AStoppedSetHasNoManifest) {
  const TemporaryFolder folder, fresh;
  write_phantom_set(folder.path(), tiny());
  struct Stop {};
  EXPECT_THROW(write_phantom_set(folder.path(), tiny(),
                                 [](std::size_t done, std::size_t) {
                                   if (done == 4) throw Stop{};
                                 }),
               Stop);
  EXPECT_FALSE(fs::exists(folder.path() / "manifest.csv"));
  // And it can be made again, leftovers of a killed run included.
  folder.write("masks/lung/p0001_00.png.4711.tmp", "half");
  write_phantom_set(folder.path(), tiny());
  write_phantom_set(fresh.path(), tiny());
  EXPECT_TRUE(contents(folder.path()) == contents(fresh.path()));
}

TEST(PhantomSet, RefusesOptionsBeforeTouchingTheDisk) {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "new";
  EXPECT_HAS(message_of(ErrorKind::usage, [&] { write_phantom_set(out, tiny(11)); }), "12");
  PhantomOptions large = tiny();
  large.size = 5000;
  message_of(ErrorKind::usage, [&] { write_phantom_set(out, large); });
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace hilum::test
