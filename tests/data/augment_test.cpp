// Augmentation against matrices multiplied by hand from Keras' definition.
#include "data/augment.h"

#include <array>
#include <cmath>
#include <set>

#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

using Matrix = std::array<std::array<double, 3>, 3>;

Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 3; ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

// Keras' composition on (row, column, 1), one matrix a step.
Matrix keras(const Geometry& g, double h, double w) {
  const double t = g.rotation * M_PI / 180, s = g.shear * M_PI / 180;
  const double r0 = h / 2 - 0.5, c0 = w / 2 - 0.5;
  const Matrix offset = {{{1, 0, r0}, {0, 1, c0}, {0, 0, 1}}};
  const Matrix rotate = {
      {{std::cos(t), -std::sin(t), 0}, {std::sin(t), std::cos(t), 0}, {0, 0, 1}}};
  const Matrix shift = {{{1, 0, g.row_shift}, {0, 1, g.column_shift}, {0, 0, 1}}};
  const Matrix shear = {{{1, -std::sin(s), 0}, {0, std::cos(s), 0}, {0, 0, 1}}};
  const Matrix zoom = {{{g.row_zoom, 0, 0}, {0, g.column_zoom, 0}, {0, 0, 1}}};
  const Matrix reset = {{{1, 0, -r0}, {0, 1, -c0}, {0, 0, 1}}};
  const Matrix flip = {{{1, 0, 0}, {0, g.flip ? -1.0 : 1.0, g.flip ? w - 1 : 0}, {0, 0, 1}}};
  // From pixel centres at whole numbers, as Keras counts, to edges at whole numbers.
  const Matrix to_edges = {{{1, 0, 0.5}, {0, 1, 0.5}, {0, 0, 1}}};
  const Matrix to_centres = {{{1, 0, -0.5}, {0, 1, -0.5}, {0, 0, 1}}};
  return to_edges * offset * rotate * shift * shear * zoom * reset * flip * to_centres;
}

void expect_same(const Geometry& g, std::size_t h, std::size_t w) {
  const std::array<float, 6> m = compose_geometry(g, h, w);
  const Matrix k = keras(g, static_cast<double>(h), static_cast<double>(w));
  const double expected[6] = {k[1][1], k[1][0], k[1][2], k[0][1], k[0][0], k[0][2]};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(m[i], expected[i], 1e-7 * (1 + static_cast<double>(h + w))) << i;
  }
}

TEST(Geometry, IsKerasComposition) {
  expect_same({.rotation = 10}, 128, 128);
  expect_same({.row_shift = 12.5, .column_shift = -3}, 100, 80);
  expect_same({.shear = 15}, 128, 64);
  expect_same({.row_zoom = 0.9, .column_zoom = 1.2}, 33, 65);
  expect_same({.flip = true}, 10, 11);
  expect_same({.rotation = -17,
               .row_shift = 4,
               .column_shift = 9.25,
               .shear = 8,
               .row_zoom = 1.1,
               .column_zoom = 0.85,
               .flip = true},
              224, 200);
}

TEST(Geometry, ByHand) {
  // Nothing: the identity, exactly.
  EXPECT_EQ(compose_geometry({}, 128, 200), (std::array<float, 6>{1, 0, 0, 0, 1, 0}));
  // A quarter turn of a 3 x 3 image: the output's top left pixel, its centre at (0.5, 0.5), shows
  // the input's row 2, column 0, its centre at x = 0.5, y = 2.5.
  const auto turn = compose_geometry({.rotation = 90}, 3, 3);
  EXPECT_NEAR(turn[0] * 0.5 + turn[1] * 0.5 + turn[2], 0.5, 1e-6);
  EXPECT_NEAR(turn[3] * 0.5 + turn[4] * 0.5 + turn[5], 2.5, 1e-6);
  // width_shift moves along the width: output column 0 shows input column 2.
  EXPECT_EQ(compose_geometry({.column_shift = 2}, 8, 8), (std::array<float, 6>{1, 0, 2, 0, 1, 0}));
  // Zoom 2 about the centre 2.5 of 5 pixels: 2.5 + 2 (x - 2.5).
  EXPECT_EQ(compose_geometry({.column_zoom = 2}, 5, 5),
            (std::array<float, 6>{2, 0, -2.5, 0, 1, 0}));
  EXPECT_EQ(compose_geometry({.flip = true}, 8, 10), (std::array<float, 6>{-1, 0, 10, 0, 1, 0}));
}

TEST(Draw, DependsOnSeedEpochAndImageOnly) {
  const Augmentation a =
      parse_augmentation("rotation=10,shift=0.1,shear=0.1,zoom=0.1,flip,brightness=0.1");
  const Draw first = draw_augmentation(a, 64, 64, 1, 2, 3);
  draw_augmentation(a, 64, 64, 1, 2, 4);
  EXPECT_EQ(draw_augmentation(a, 64, 64, 1, 2, 3).matrix, first.matrix);
  EXPECT_EQ(draw_augmentation(a, 64, 64, 1, 2, 3).gain, first.gain);
  std::set<std::array<float, 6>> different;
  for (std::uint64_t i = 0; i < 10; ++i) {
    different.insert(draw_augmentation(a, 64, 64, i, 0, 0).matrix);
    different.insert(draw_augmentation(a, 64, 64, 0, i, 0).matrix);
    different.insert(draw_augmentation(a, 64, 64, 0, 0, i).matrix);
  }
  EXPECT_EQ(different.size(), 28u);
  // Switching the flip on leaves the rest as it was.
  Augmentation no_flip = a;
  no_flip.flip = false;
  const Draw other = draw_augmentation(no_flip, 64, 64, 1, 2, 3);
  EXPECT_EQ(std::abs(other.matrix[0]), std::abs(first.matrix[0]));
  EXPECT_EQ(other.gain, first.gain);
}

TEST(Draw, FillsItsRanges) {
  struct Spread {
    double low = 1e9, high = -1e9, sum = 0;
    void add(double v) { low = std::min(low, v), high = std::max(high, v), sum += v; }
  } angle, columns, rows, gain, zoom;
  std::size_t flips = 0;
  const std::size_t n = 4000;
  for (std::uint64_t i = 0; i < n; ++i) {
    const auto turn =
        draw_augmentation(parse_augmentation("rotation=20"), 100, 200, 0, 0, i).matrix;
    angle.add(std::atan2(turn[1], turn[0]) * 180 / M_PI);
    const auto moved = draw_augmentation(parse_augmentation("shift=0.1"), 100, 200, 0, 0, i).matrix;
    columns.add(moved[2]);
    rows.add(moved[5]);
    const Draw d = draw_augmentation(parse_augmentation("flip,brightness=0.2"), 9, 9, 0, 0, i);
    flips += d.matrix[0] < 0;
    gain.add(d.gain);
    zoom.add(draw_augmentation(parse_augmentation("zoom=0.5:0.7"), 9, 9, 0, 0, i).matrix[4]);
  }
  auto check = [&](const Spread& s, double low, double high) {
    const double width = high - low;
    EXPECT_GE(s.low, low - 1e-5);
    EXPECT_LE(s.low, low + 0.01 * width);
    EXPECT_LE(s.high, high + 1e-5);
    EXPECT_GE(s.high, high - 0.01 * width);
    // Five standard errors of the mean of a uniform variable.
    EXPECT_NEAR(s.sum / n, (low + high) / 2, 5 * width / std::sqrt(12.0 * n));
  };
  check(angle, -20, 20);
  check(columns, -20, 20);
  check(rows, -10, 10);
  check(gain, 0.8, 1.2);
  check(zoom, 0.5, 0.7);
  EXPECT_NEAR(static_cast<double>(flips), n / 2.0, 5 * std::sqrt(n / 4.0));
}

TEST(Parse, SaysAndUnderstandsTheSame) {
  EXPECT_FALSE(parse_augmentation("").any());
  EXPECT_FALSE(parse_augmentation("none").any());
  EXPECT_EQ(Augmentation{}.describe(), "none");
  const std::string full =
      "rotation=10,shift=0.1,shear=0.1,zoom=0.1,flip,brightness=0.1,border=reflect";
  const Augmentation a = parse_augmentation(full);
  EXPECT_TRUE(a.any());
  EXPECT_EQ(a.describe(), full);
  EXPECT_EQ(a.width_shift, 0.1);
  EXPECT_EQ(a.height_shift, 0.1);
  EXPECT_EQ(a.zoom_low, 0.9);
  EXPECT_EQ(a.zoom_high, 1.1);
  EXPECT_EQ(a.border, Border::reflect);
  for (const char* text : {"width_shift=0.2,zoom=0.8:1.1", "height_shift=0.05,brightness=0.5:1.5",
                           "flip,border=constant", "brightness=0.9:0.95"}) {
    const std::string described = parse_augmentation(text).describe();
    EXPECT_EQ(parse_augmentation(described).describe(), described);
  }
  EXPECT_EQ(parse_augmentation("zoom=0.8:1.1").describe(), "zoom=0.8:1.1");
}

TEST(Parse, NamesTheWrongPart) {
  for (const char* part :
       {"spin=3", "rotation", "rotation=", "rotation=x", "rotation=-1", "rotation=181", "shift=1",
        "shear=90", "zoom=1", "zoom=1.2:0.8", "flip=1", "brightness=0:2:3", "brightness=nan",
        "border=wrap", "rotation=1:2", " "}) {
    const std::string message =
        message_of(ErrorKind::usage, [&] { parse_augmentation(std::string("flip,") + part); });
    EXPECT_HAS(message, "'" + std::string(part) + "'");
  }
  message_of(ErrorKind::usage, [] { parse_augmentation("flip,"); });
}

}  // namespace
}  // namespace hilum::test
