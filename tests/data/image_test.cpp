// Images: every kind of file that is read, every kind that is refused, resizing, writing.
#include "data/image.h"

#include <cmath>

#include "engine/file.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

// Expected 8-bit value of a sample with `largest` as white, over black where alpha is given.
int expected(double value, double largest, double alpha = 1) {
  return static_cast<int>(std::floor(value / largest * alpha * 255 + 0.5));
}

class PngKinds : public testing::TestWithParam<std::tuple<int, int, bool>> {};

TEST_P(PngKinds, ReadAsWhatTheyMean) {
  const auto [colour, depth, interlaced] = GetParam();
  PngSpec spec;
  spec.width = 13, spec.height = 11;
  spec.colour = colour, spec.depth = depth, spec.interlaced = interlaced;
  const std::uint32_t largest = (1u << depth) - 1;
  const std::size_t stored = std::vector<std::size_t>{1, 0, 3, 1, 2, 0, 4}[colour];
  if (colour == 3) {
    for (std::uint32_t i = 0; i <= largest; ++i) {
      spec.palette += {static_cast<char>(i), static_cast<char>(255 - i), static_cast<char>(i * 3)};
    }
  }
  std::vector<std::uint32_t> samples(13 * 11 * stored);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = (i * 40503u >> 3) & largest;
  const std::string bytes = make_png(spec, samples);

  const ImageInfo info = image_info(bytes, "x");
  EXPECT_EQ(info.format, "png");
  EXPECT_EQ(info.width, 13u);
  EXPECT_EQ(info.height, 11u);
  EXPECT_EQ(info.bit_depth, static_cast<std::size_t>(depth));
  EXPECT_EQ(info.palette, colour == 3);
  EXPECT_EQ(info.channels, colour == 3 ? 3 : stored);

  const Image rgb = decode_image(bytes, 3, "x"), gray = decode_image(bytes, 1, "x");
  ASSERT_EQ(rgb.pixels.size(), 13u * 11 * 3);
  ASSERT_EQ(gray.pixels.size(), 13u * 11);
  for (std::size_t p = 0; p < 13 * 11; ++p) {
    const std::uint32_t* s = &samples[p * stored];
    double channel[3], white = largest;
    for (std::size_t c = 0; c < 3; ++c) {
      if (colour == 3) {
        channel[c] = static_cast<unsigned char>(spec.palette[s[0] * 3 + c]);
        white = 255;
      } else {
        channel[c] = s[stored >= 3 ? c : 0];
      }
    }
    const double alpha = stored % 2 == 0 ? s[stored - 1] / static_cast<double>(largest) : 1;
    for (std::size_t c = 0; c < 3; ++c) {
      ASSERT_EQ(rgb.pixels[p * 3 + c], expected(channel[c], white, alpha)) << p;
    }
    const double luma = 0.299 * channel[0] + 0.587 * channel[1] + 0.114 * channel[2];
    ASSERT_EQ(gray.pixels[p], expected(std::round(luma * 1000) / 1000, white, alpha)) << p;
  }
}

INSTANTIATE_TEST_SUITE_P(Gray, PngKinds,
                         testing::Combine(testing::Values(0), testing::Values(1, 2, 4, 8, 16),
                                          testing::Bool()));
INSTANTIATE_TEST_SUITE_P(Palette, PngKinds,
                         testing::Combine(testing::Values(3), testing::Values(1, 2, 4, 8),
                                          testing::Bool()));
INSTANTIATE_TEST_SUITE_P(ColourOrAlpha, PngKinds,
                         testing::Combine(testing::Values(2, 4, 6), testing::Values(8, 16),
                                          testing::Bool()));

TEST(Png, TransparentColoursAreBlack) {
  PngSpec spec;
  std::vector<std::uint32_t> samples(256, 200);
  samples[5] = 77;
  spec.transparency = std::string("\0\x4d", 2);  // gray 77
  Image image = decode_image(make_png(spec, samples), 1, "x");
  EXPECT_EQ(image.pixels[5], 0);
  EXPECT_EQ(image.pixels[6], 200);

  spec.colour = 3;
  spec.palette = "\x0a\x14\x1e\xc8\xc8\xc8";
  spec.transparency = "\x80";  // the first colour shows half
  samples.assign(256, 1);
  samples[3] = 0;
  image = decode_image(make_png(spec, samples), 3, "x");
  EXPECT_EQ(image.pixels[9], 5);
  EXPECT_EQ(image.pixels[10], 10);
  EXPECT_EQ(image.pixels[11], 15);
  EXPECT_EQ(image.pixels[12], 200);
  EXPECT_EQ(image_info(make_png(spec, samples), "x").channels, 4u);
}

TEST(Jpeg, GrayColourAndPrintColours) {
  for (bool progressive : {false, true}) {
    const std::string gray = make_jpeg({90}, progressive);
    EXPECT_EQ(image_info(gray, "x").format, "jpeg");
    EXPECT_EQ(image_info(gray, "x").channels, 1u);
    for (std::uint8_t v : decode_image(gray, 1, "x").pixels) ASSERT_EQ(v, 90);
    for (std::uint8_t v : decode_image(gray, 3, "x").pixels) ASSERT_EQ(v, 90);

    // Y 120, Cb 90, Cr 170 by JFIF: R = Y + 1.402 (Cr - 128), and so on.
    const Image colour = decode_image(make_jpeg({120, 90, 170}, progressive), 3, "x");
    EXPECT_EQ(colour.height, 16u);
    EXPECT_NEAR(colour.pixels[0], 120 + 1.402 * 42, 1.01);
    EXPECT_NEAR(colour.pixels[1], 120 - 0.344136 * -38 - 0.714136 * 42, 1.01);
    EXPECT_NEAR(colour.pixels[2], 120 + 1.772 * -38, 1.01);

    // Adobe stores C, M, Y, K inverted: red = C K / 255.
    const std::string print = make_jpeg({200, 100, 50, 128}, progressive);
    EXPECT_EQ(image_info(print, "x").channels, 4u);
    const Image image = decode_image(print, 3, "x");
    EXPECT_NEAR(image.pixels[0], 200 * 128 / 255.0, 1);
    EXPECT_NEAR(image.pixels[1], 100 * 128 / 255.0, 1);
    EXPECT_NEAR(image.pixels[2], 50 * 128 / 255.0, 1);
  }
}

TEST(BadImage, CutShortAnywhereIsSaidSo) {
  for (const std::string& whole :
       {some_png(), make_jpeg({120, 90, 170}, false), make_jpeg({120, 90, 170}, true)}) {
    for (std::size_t size = 3; size < whole.size(); ++size) {
      const std::string message = message_of(
          ErrorKind::data, [&] { decode_image(whole.substr(0, size), 3, "folder/a.png"); });
      ASSERT_EQ(message.find("folder/a.png: "), 0u);
      ASSERT_NE(message.find("cut short"), std::string::npos) << size << " " << message;
    }
  }
}

TEST(BadImage, DamagedBytesAreFound) {
  std::string png = some_png();
  png[60] ^= 1;  // in the pixels
  EXPECT_HAS(message_of(ErrorKind::data, [&] { decode_image(png, 1, "a.png"); }), "checksum");
  // A header with another colour type, its checksum wrong.
  std::string header = some_png();
  header[25] = 2;
  EXPECT_HAS(message_of(ErrorKind::data, [&] { decode_image(header, 1, "a.png"); }), "IHDR");
  // Checksums right, pixels missing.
  PngSpec small;
  small.width = small.height = 8;
  const std::string other = make_png(small, std::vector<std::uint32_t>(64, 9));
  const std::string mixed = some_png().substr(0, 33) + other.substr(33);
  EXPECT_HAS(message_of(ErrorKind::data, [&] { decode_image(mixed, 1, "a.png"); }), "damaged");
}

TEST(BadImage, JpegTablesThatDoNotFit) {
  // A Huffman table of 3 x 255 codes, where 256 is the most: decoders have written past the end.
  std::string counts(16, '\0');
  counts[13] = counts[14] = counts[15] = '\xff';
  const std::string table = std::string("\xff\xc4\x03\x10\0", 5) + counts + std::string(765, 'x');
  const std::string whole = make_jpeg({90}, false);
  const std::string bad = whole.substr(0, 2) + table + whole.substr(2);
  EXPECT_HAS(message_of(ErrorKind::data, [&] { decode_image(bad, 1, "a.jpg"); }), "table");
}

TEST(BadImage, WhatIsNoImageIsNamed) {
  TemporaryFolder folder;
  auto reason = [&](const std::string& bytes) {
    const fs::path file = folder.write("scan.png", bytes);
    const std::string message = message_of(ErrorKind::data, [&] { read_image(file, 1); });
    EXPECT_EQ(message.find(file.string() + ": "), 0u) << message;
    return message;
  };
  EXPECT_HAS(reason(""), "empty (zero bytes)");
  EXPECT_HAS(reason("Patient 12, slice 3\n"), "text file");
  EXPECT_HAS(reason("<html><body>404</body>"), "HTML");
  EXPECT_HAS(reason(std::string(128, '\0') + "DICM rest"), "DICOM");
  EXPECT_HAS(reason("BM whatever"), "BMP");
  EXPECT_HAS(reason(std::string("II*\0rest", 8)), "TIFF");
  EXPECT_HAS(reason("\x01\x02\x03\x04\x05"), "not an image");
  EXPECT_HAS(message_of(ErrorKind::data, [&] { read_image(folder.path() / "none.png", 1); }),
             "No such file");
  EXPECT_HAS(message_of(ErrorKind::data, [&] { read_image(folder.path(), 1); }), "directory");
}

TEST(BadImage, UnreadablePermissions) {
  TemporaryFolder folder;
  const fs::path file = folder.write("scan.png", some_png());
  fs::permissions(file, fs::perms::none);
  // Root may read everything: step down to see what others see.
  const bool root = geteuid() == 0;
  if (root && seteuid(65534) != 0) GTEST_SKIP() << "cannot step down from root";
  const std::string message = message_of(ErrorKind::data, [&] { read_image(file, 1); });
  if (root && seteuid(0) != 0) FAIL() << "cannot become root again";
  EXPECT_HAS(message, "Permission denied");
  EXPECT_HAS(message, file.string());
}

TEST(BadImage, TooSmallToBeAScan) {
  TemporaryFolder folder;
  const fs::path dot = folder.write("dot.png", some_png(1, 1));
  EXPECT_EQ(read_image(dot, 1).pixels.size(), 1u);
  EXPECT_HAS(message_of(ErrorKind::data, [&] { read_scan(dot, 1); }),
             "image of 1 x 1 pixels: too small");
  EXPECT_EQ(read_scan(folder.write("ok.png", some_png(8, 8)), 3).pixels.size(), 192u);
  const fs::path thin = folder.write("thin.png", some_png(100, 7));
  EXPECT_HAS(message_of(ErrorKind::data, [&] { read_scan(thin, 1); }), "100 x 7");
}

TEST(BadImage, BombsAreRefused) {
  // A header that promises 3600 million pixels.
  PngSpec spec;
  const std::string honest = make_png(spec, std::vector<std::uint32_t>(256));
  const std::string huge =
      honest.substr(0, 8) +
      png_chunk("IHDR", std::string("\0\0\xea\x60\0\0\xea\x60\x08\0\0\0\0", 13)) +
      honest.substr(33);
  EXPECT_HAS(message_of(ErrorKind::data, [&] { decode_image(huge, 1, "a.png"); }), "too large");
  // A small header over data that inflates to 200 MB.
  EXPECT_HAS(
      message_of(ErrorKind::data, [&] { decode_image(make_bomb(16, 200'000'000), 1, "a.png"); }),
      "more data than its size");
  EXPECT_EQ(decode_image(make_bomb(16, 272), 1, "a.png").pixels.size(), 256u);
}

TEST(Resize, ShrinkingAverages) {
  Image image{4, 6, 1, {}};
  for (int i = 0; i < 24; ++i) image.pixels.push_back(static_cast<std::uint8_t>(i * 10));
  const Image half = resize(image, 2, 3);
  // The mean of each 2 x 2 block: rows 0 and 1 hold 0..50 and 60..110.
  EXPECT_EQ(half.pixels, (std::vector<std::uint8_t>{35, 55, 75, 155, 175, 195}));
  // 6 to 4 columns: each takes one and a half, (0 + 10 / 2) / 1.5 = 3.3, (20 + 10 / 2) / 1.5
  // = 16.7.
  const Image ragged = resize(Image{1, 6, 1, {0, 10, 20, 30, 40, 50}}, 1, 4);
  EXPECT_EQ(ragged.pixels, (std::vector<std::uint8_t>{3, 17, 33, 47}));
}

TEST(Resize, GrowingInterpolates) {
  const Image image{1, 2, 3, {0, 100, 200, 100, 200, 0}};
  const Image wide = resize(image, 2, 4);
  // Centres at -0.25, 0.25, 0.75, 1.25 of the input.
  const std::vector<std::uint8_t> row = {0, 100, 200, 25, 125, 150, 75, 175, 50, 100, 200, 0};
  std::vector<std::uint8_t> both = row;
  both.insert(both.end(), row.begin(), row.end());
  EXPECT_EQ(wide.pixels, both);
}

TEST(Resize, FlatStaysFlatAndSameSizeIsTheSame) {
  for (std::size_t value : {0, 1, 127, 254, 255}) {
    const Image flat{37, 53, 3,
                     std::vector<std::uint8_t>(37 * 53 * 3, static_cast<std::uint8_t>(value))};
    for (std::size_t side : {1, 7, 36, 38, 224}) {
      for (std::uint8_t v : resize(flat, side, 61).pixels) ASSERT_EQ(v, value);
    }
  }
  const Image image = decode_image(some_png(), 1, "x");
  EXPECT_EQ(resize(image, 16, 16).pixels, image.pixels);
  message_of(ErrorKind::usage, [&] { resize(image, 0, 4); });
}

TEST(WritePng, ComesBackTheSame) {
  TemporaryFolder folder;
  for (std::size_t channels : {1, 3}) {
    Image image{9, 14, channels, {}};
    for (std::size_t i = 0; i < 9 * 14 * channels; ++i) {
      image.pixels.push_back(static_cast<std::uint8_t>(i * 37));
    }
    const fs::path file = folder.path() / "sub" / "a.png";
    write_png(file, image);
    EXPECT_EQ(read_image(file, channels).pixels, image.pixels);
  }
  message_of(ErrorKind::usage, [&] { write_png(folder.path() / "b.png", Image{2, 2, 1, {1}}); });
}

TEST(Image, JpegNamedPng) {
  TemporaryFolder folder;
  const Image image = read_image(folder.write("scan.png", make_jpeg({90}, false)), 1);
  EXPECT_EQ(image.pixels[0], 90);
  message_of(ErrorKind::usage, [&] { read_image(folder.path() / "scan.png", 2); });
}

}  // namespace
}  // namespace hilum::test
