// The loader: exact pixels, order, resuming, threads, errors, and what comes out of augmentation.
#include "data/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <thread>

#include "data/image.h"
#include "data/prepare.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

// 23 gray images of 20 x 30 in two classes.
class LoaderTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 23; ++i) {
      folder_.write(fmt::format("{}/{:02}.png", i % 2 ? "covid" : "normal", i),
                    some_png(30, 20, i * 11));
    }
    set_ = read_dataset(folder_.path());
    all_.resize(set_.items.size());
    std::iota(all_.begin(), all_.end(), std::size_t{0});
    options_.size = 16;
    options_.channels = 1;
    options_.batch = 5;
    options_.seed = 7;
  }

  struct Epoch {
    std::vector<float> pixels;
    std::vector<std::int32_t> labels;
    std::vector<std::size_t> index, sizes;
    bool operator==(const Epoch&) const = default;
  };
  static Epoch take(Loader& loader, std::uint64_t epoch, std::size_t first = 0) {
    Epoch all;
    Batch batch;
    loader.start(epoch, first);
    while (loader.next(batch)) {
      EXPECT_EQ(batch.pixels.size(), batch.n * batch.height * batch.width * batch.channels);
      all.pixels.insert(all.pixels.end(), batch.pixels.begin(), batch.pixels.end());
      all.labels.insert(all.labels.end(), batch.labels.begin(), batch.labels.end());
      all.index.insert(all.index.end(), batch.index.begin(), batch.index.end());
      all.sizes.push_back(batch.n);
    }
    EXPECT_FALSE(loader.next(batch));
    return all;
  }
  Epoch take(const LoaderOptions& options, std::uint64_t epoch, std::size_t first = 0) {
    Loader loader(set_, all_, options);
    return take(loader, epoch, first);
  }

  TemporaryFolder folder_;
  Dataset set_;
  std::vector<std::size_t> all_;
  LoaderOptions options_;
};

TEST_F(LoaderTest, WithoutAugmentationPixelsAreExact) {
  options_.normalisation = {{0.4f}, {0.25f}};
  const Epoch epoch = take(options_, 0);
  EXPECT_EQ(epoch.sizes, (std::vector<std::size_t>{5, 5, 5, 5, 3}));
  EXPECT_EQ(epoch.index, all_);
  const float scale = static_cast<float>(1 / (255.0 * 0.25f)),
              shift = static_cast<float>(-0.4f / 0.25);
  for (std::size_t i = 0; i < all_.size(); ++i) {
    EXPECT_EQ(epoch.labels[i], static_cast<std::int32_t>(set_.items[i].label));
    const Image image = resize(read_scan(set_.items[i].path, 1), 16, 16);
    for (std::size_t p = 0; p < 256; ++p) {
      ASSERT_EQ(epoch.pixels[i * 256 + p], static_cast<float>(image.pixels[p]) * scale + shift);
    }
  }
  options_.normalisation = {};
  const Epoch plain = take(options_, 0);
  EXPECT_EQ(*std::max_element(plain.pixels.begin(), plain.pixels.end()) <= 1.0f, true);
  EXPECT_GE(*std::min_element(plain.pixels.begin(), plain.pixels.end()), 0.0f);
}

TEST_F(LoaderTest, ColourHasThreeChannelsSideBySide) {
  options_.channels = 3;
  options_.normalisation = {{0.f, 0.5f, 1.f}, {1.f, 0.5f, 2.f}};
  const Epoch epoch = take(options_, 0);
  ASSERT_EQ(epoch.pixels.size(), 23u * 256 * 3);
  const float v = epoch.pixels[0];
  EXPECT_NEAR(epoch.pixels[1], (v - 0.5f) / 0.5f, 1e-6);
  EXPECT_NEAR(epoch.pixels[2], (v - 1) / 2, 1e-6);
}

TEST_F(LoaderTest, SameBatchesForAnyNumberOfWorkersAndAnyCache) {
  options_.shuffle = true;
  options_.augmentation =
      parse_augmentation("rotation=15,shift=0.1,shear=5,zoom=0.1,flip,brightness=0.2");
  options_.workers = 0;
  const Epoch expected = take(options_, 3);
  for (std::size_t workers : {0, 1, 2, 5}) {
    for (std::size_t prefetch : {0, 1, 8}) {
      for (std::size_t cache : {std::size_t{0}, std::size_t{2000}, std::size_t{1} << 30}) {
        options_.workers = workers, options_.prefetch = prefetch;
        options_.images = std::make_shared<ImageCache>(16, 1, cache);
        Loader loader(set_, all_, options_);
        ASSERT_EQ(take(loader, 3), expected);
        ASSERT_NE(take(loader, 4).pixels, expected.pixels);
        ASSERT_EQ(take(loader, 3), expected);  // from the cache now
      }
    }
  }
}

// Everything that asks for images asks the cache, and it asks a file once.
TEST_F(LoaderTest, WhatIsKeptIsReadFromItsFileOnce) {
  options_.images = std::make_shared<ImageCache>(16, 1, std::size_t{1} << 20);
  ImageCache& images = *options_.images;
  find_bad_images(set_, [&](const Item& item) { images.get(item.path); });
  EXPECT_EQ(images.files_read(), 23u);
  const Normalisation kept = measure_normalisation(set_, all_, images);
  Loader one(set_, all_, options_), two(set_, {1, 2, 3}, options_);
  const Epoch expected = take(one, 0);
  take(two, 0);
  EXPECT_EQ(images.files_read(), 23u);
  EXPECT_EQ(one.files_read(), 23u);

  // Room for five: 18 are read again each time.
  options_.images = std::make_shared<ImageCache>(16, 1, 5 * images.bytes_of_one());
  Loader little(set_, all_, options_);
  EXPECT_EQ(take(little, 0), expected);
  EXPECT_EQ(take(little, 0), expected);
  EXPECT_EQ(little.files_read(), 23u + 18u);
  EXPECT_EQ(measure_normalisation(set_, all_, *options_.images).mean, kept.mean);
  EXPECT_EQ(little.files_read(), 23u + 18u + 18u);

  // Images of another shape are no use to it.
  options_.images = std::make_shared<ImageCache>(16, 3, 0);
  message_of(ErrorKind::usage, [&] { Loader(set_, all_, options_); });
  message_of(ErrorKind::usage, [] { ImageCache(0, 1, 0); });
  message_of(ErrorKind::usage, [] { ImageCache(16, 2, 0); });
}

TEST_F(LoaderTest, ShufflesBySeedAndEpoch) {
  options_.shuffle = true;
  const Epoch first = take(options_, 0), second = take(options_, 1);
  EXPECT_NE(first.index, all_);
  EXPECT_NE(first.index, second.index);
  std::vector<std::size_t> sorted = first.index;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, all_);
  options_.seed = 8;
  EXPECT_NE(take(options_, 0).index, first.index);
}

TEST_F(LoaderTest, ResumesInMidEpoch) {
  options_.shuffle = true;
  options_.augmentation = parse_augmentation("rotation=20,flip");
  options_.workers = 2;
  const Epoch whole = take(options_, 5), rest = take(options_, 5, 2);
  EXPECT_EQ(rest.sizes, (std::vector<std::size_t>{5, 5, 3}));
  EXPECT_TRUE(std::equal(rest.index.begin(), rest.index.end(), whole.index.begin() + 10));
  EXPECT_TRUE(std::equal(rest.pixels.begin(), rest.pixels.end(), whole.pixels.begin() + 10 * 256));
  EXPECT_TRUE(take(options_, 5, 5).sizes.empty());
  EXPECT_TRUE(take(options_, 5, 99).sizes.empty());
}

TEST_F(LoaderTest, DropsTheRestWhereAsked) {
  options_.drop_last = true;
  Loader loader(set_, all_, options_);
  EXPECT_EQ(loader.batches(), 4u);
  EXPECT_EQ(take(loader, 0).sizes, (std::vector<std::size_t>{5, 5, 5, 5}));
  EXPECT_EQ(loader.images(), 23u);
  EXPECT_GE(loader.wait_seconds(), 0);
}

TEST_F(LoaderTest, LeavingInMidEpochNeitherHangsNorMixes) {
  options_.workers = 3;
  options_.shuffle = true;
  const Epoch expected = take(options_, 9);
  for (int i = 0; i < 30; ++i) {
    Loader loader(set_, all_, options_);
    Batch batch;
    if (i % 3 == 0) continue;  // never started
    loader.start(1);
    for (int taken = 0; taken < i % 4; ++taken) loader.next(batch);
    if (i % 3 == 1) continue;  // destroyed with work under way
    ASSERT_EQ(take(loader, 9), expected);
  }
}

TEST_F(LoaderTest, ErrorsComeOutOfNextInOrder) {
  folder_.write(fs::relative(set_.items[12].path, folder_.path()), "no scan");
  for (std::size_t workers : {0, 1, 3}) {
    options_.workers = workers;
    Loader loader(set_, all_, options_);
    Batch batch;
    loader.start(0);
    EXPECT_TRUE(loader.next(batch));
    EXPECT_TRUE(loader.next(batch));
    for (int again = 0; again < 2; ++again) {
      const std::string message = message_of(ErrorKind::data, [&] { loader.next(batch); });
      EXPECT_HAS(message, set_.items[12].path.string() + ": not an image: it is a text file");
    }
    EXPECT_EQ(take(loader, 0, 3).sizes, (std::vector<std::size_t>{5, 3}));
  }
  ImageCache images(16, 1, 0);
  EXPECT_HAS(message_of(ErrorKind::data, [&] { measure_normalisation(set_, all_, images); }),
             set_.items[12].path.string());
}

TEST_F(LoaderTest, RefusesWhatMakesNoSense) {
  auto refused = [&](LoaderOptions options, std::vector<std::size_t> which) {
    message_of(ErrorKind::usage, [&] { Loader(set_, which, options); });
  };
  refused(options_, {});
  refused(options_, {23});
  for (auto change : std::vector<void (*)(LoaderOptions&)>{
           [](LoaderOptions& o) { o.batch = 0; }, [](LoaderOptions& o) { o.size = 0; },
           [](LoaderOptions& o) { o.channels = 2; },
           [](LoaderOptions& o) { o.batch = 24, o.drop_last = true; },
           [](LoaderOptions& o) {
             o.normalisation = {{0.f, 0.f}, {1.f, 1.f}};
           },
           [](LoaderOptions& o) {
             o.normalisation = {{0.f}, {0.f}};
           }}) {
    LoaderOptions options = options_;
    change(options);
    refused(options, all_);
  }
}

TEST_F(LoaderTest, NormalisationIsMeanAndDeviation) {
  ImageCache gray(16, 1, 0), colour(16, 3, 0);
  const Normalisation n = measure_normalisation(set_, all_, gray);
  options_.normalisation = n;
  const Epoch epoch = take(options_, 0);
  double sum = 0, square = 0;
  for (float v : epoch.pixels) sum += v, square += double{v} * v;
  const double count = static_cast<double>(epoch.pixels.size());
  EXPECT_NEAR(sum / count, 0, 1e-5);
  EXPECT_NEAR(square / count, 1, 1e-5);
  // Flat images: one gray level, not zero.
  folder_.write("flat/a/1.png", make_png({}, std::vector<std::uint32_t>(256, 51)));
  const Dataset flat = read_dataset(folder_.path() / "flat");
  const Normalisation f = measure_normalisation(flat, {0}, colour);
  EXPECT_EQ(f.mean, (std::vector<float>{0.2f, 0.2f, 0.2f}));
  EXPECT_EQ(f.deviation[2], static_cast<float>(1 / 255.0));
}

// What the warp must give for a matrix, sample by sample: bilinear, edge pixels going on.
double sample(const Image& image, double x, double y) {
  x -= 0.5, y -= 0.5;  // from edges to centres
  auto at = [&](double px, double py) {
    const auto c =
        static_cast<std::size_t>(std::clamp(px, 0.0, static_cast<double>(image.width - 1)));
    const auto r =
        static_cast<std::size_t>(std::clamp(py, 0.0, static_cast<double>(image.height - 1)));
    return static_cast<double>(image.pixels[r * image.width + c]);
  };
  const double x0 = std::floor(x), y0 = std::floor(y), fx = x - x0, fy = y - y0;
  return (1 - fy) * ((1 - fx) * at(x0, y0) + fx * at(x0 + 1, y0)) +
         fy * ((1 - fx) * at(x0, y0 + 1) + fx * at(x0 + 1, y0 + 1));
}

TEST_F(LoaderTest, AugmentationIsTheDrawnMatrixAndGain) {
  options_.augmentation =
      parse_augmentation("rotation=30,shift=0.2,shear=10,zoom=0.3,flip,brightness=0.5");
  options_.normalisation = {{0.5f}, {0.25f}};
  const Epoch epoch = take(options_, 2);
  bool clipped = false;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const Image image = resize(read_scan(set_.items[i].path, 1), 16, 16);
    const Draw draw = draw_augmentation(options_.augmentation, 16, 16, 7, 2, i);
    const auto& m = draw.matrix;
    for (std::size_t y = 0; y < 16; ++y) {
      for (std::size_t x = 0; x < 16; ++x) {
        const double px = static_cast<double>(x) + 0.5, py = static_cast<double>(y) + 0.5;
        const double value =
            draw.gain * sample(image, m[0] * px + m[1] * py + m[2], m[3] * px + m[4] * py + m[5]);
        clipped = clipped || value > 255;
        const double expected = (std::min(value, 255.0) / 255 - 0.5) / 0.25;
        ASSERT_NEAR(epoch.pixels[(i * 16 + y) * 16 + x], expected, 2e-4)
            << i << " " << x << " " << y;
      }
    }
  }
  EXPECT_TRUE(clipped);
}

TEST_F(LoaderTest, FlipIsExact) {
  options_.augmentation = parse_augmentation("flip");
  const Epoch flipped = take(options_, 0);
  options_.augmentation = {};
  const Epoch plain = take(options_, 0);
  std::size_t turned = 0;
  for (std::size_t i = 0; i < 23; ++i) {
    const bool flip = draw_augmentation(parse_augmentation("flip"), 16, 16, 7, 0, i).matrix[0] < 0;
    turned += flip;
    for (std::size_t p = 0; p < 256; ++p) {
      const std::size_t from = flip ? p / 16 * 16 + 15 - p % 16 : p;
      ASSERT_EQ(flipped.pixels[i * 256 + p], plain.pixels[i * 256 + from]);
    }
  }
  EXPECT_GT(turned, 4u);
  EXPECT_LT(turned, 19u);
}

}  // namespace
}  // namespace hilum::test
