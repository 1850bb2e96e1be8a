// Images that a device keeps and prepares itself: the same numbers as the loader's, bit for bit,
// and each image is read once.
#include "apps/resident.h"

#include <gtest/gtest.h>

#include <numeric>

#include "data/loader.h"
#include "kernels/device.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

class Resident : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (const char* reason = why_missing(GetParam())) GTEST_SKIP() << reason;
  }
};

TEST_P(Resident, SameBitsAsTheLoader) {
  const Folder folder;
  ASSERT_EQ(run({"data", "phantom", (folder / "set").string(), "--patients", "12", "--slices", "1",
                 "--size", "32", "--quiet"})
                .code,
            0);
  const Dataset set = read_dataset(folder / "set");
  std::vector<std::size_t> all(set.items.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t channels : {1, 3}) {
    LoaderOptions options;
    options.size = 19;  // 361 bytes: no whole words
    options.channels = channels;
    options.batch = 4;
    options.shuffle = true;
    options.seed = 3;
    options.augmentation = parse_augmentation("rotation=20,shift=0.1,zoom=0.2,flip,brightness=0.2");
    options.normalisation = {std::vector<float>(channels, 0.4f),
                             std::vector<float>(channels, 0.25f)};
    Loader host(set, all, options);
    ResidentImages resident(options, GetParam());
    LoaderOptions there = options;
    there.has = [&](std::size_t item) { return resident.has(item); };
    Loader device(set, all, there);
    for (std::uint64_t epoch : {0, 1, 5}) {
      host.start(epoch), device.start(epoch);
      Batch expected, batch;
      while (host.next(expected)) {
        ASSERT_TRUE(device.next(batch));
        EXPECT_TRUE(batch.pixels.empty());
        EXPECT_EQ(batch.index, expected.index);
        EXPECT_EQ(batch.labels, expected.labels);
        const Tensor pixels = resident.prepare(batch);
        EXPECT_EQ(pixels.device(), GetParam());
        EXPECT_EQ(pixels.shape(), (Shape{expected.n, 19, 19, channels}));
        EXPECT_EQ(pixels.values(), expected.pixels);
      }
      EXPECT_FALSE(device.next(batch));
    }
    EXPECT_EQ(device.files_read(), all.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, Resident, testing::Values(Device::cpu, Device::emu, Device::cuda),
                         [](const auto& info) { return device_name(info.param); });

}  // namespace
}  // namespace hilum::test
