// affine_warp: the promises of its header that a tolerance cannot show: every row, instruction set
// and device gives the same bits, the identity gives back the image, quarter turns and flips only
// move pixels, and each border means what it says.
#include <gtest/gtest.h>

#include <cstring>

#include "kernels/affine_warp/cases.h"
#include "kernels/affine_warp/ref.h"
#include "kernels/isa.h"
#include "kernels/operands.h"
#include "kernels/philox.h"
#include "tests/kernels/host_rows.h"

namespace hilum::test {
namespace {

using Matrix = std::array<float, 6>;

std::vector<std::uint8_t> random_image(std::size_t count) {
  std::vector<std::uint8_t> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<std::uint8_t>(Philox{1}.below(i, 256));
  return x;
}

// One image, gain 1, scale 1, shift 0 unless told.
std::vector<float> warp(const AffineWarpProblem& a, const std::vector<std::uint8_t>& x,
                        const Matrix& matrix, float gain = 1, float scale = 1, float shift = 0,
                        Device device = Device::cpu) {
  const std::vector<float> scales(a.c, scale), shifts(a.c, shift);
  std::vector<float> y(a.y_count());
  run<AffineWarpForward>(device, a, x.data(), matrix.data(), &gain, scales.data(), shifts.data(),
                         y.data());
  return y;
}

TEST(AffineWarp, EveryRowGivesTheBitsOfTheReference) {
  const Isa before = isa();
  for (const auto& a_case : cases_of<AffineWarpForward>()) {
    if (a_case.use == Use::bench) continue;
    const AffineWarpProblem& a = a_case.problem;
    std::vector<OperandData> operands = PassCalls<AffineWarpForward>::make(a, 5);
    PassCalls<AffineWarpForward>::reference<float>(a, operands);
    const std::vector<float> expected = operands.back().f32;
    for (const Row<AffineWarpForward>& row : AffineWarpForward::table()) {
      if (!takes_host_memory(row) || why_not(row, row.device, a) != nullptr) continue;
      for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
        if (!makes_a_difference(row, candidate)) continue;
        set_isa(candidate);
        reset_output(operands.back());
        PassCalls<AffineWarpForward>::row(row, {}, a, operands);
        EXPECT_EQ(std::memcmp(operands.back().f32.data(), expected.data(),
                              expected.size() * sizeof(float)),
                  0)
            << row.name << " " << isa_name(candidate) << " " << a_case.name;
      }
    }
  }
  set_isa(before);
}

TEST(AffineWarp, IdentityGivesBackThePixels) {
  for (std::size_t c = 1; c <= 5; ++c) {
    for (WarpBorder border : {WarpBorder::nearest, WarpBorder::reflect, WarpBorder::constant}) {
      const AffineWarpProblem a{1, 13, 21, c, 13, 21, border, 7};
      const std::vector<std::uint8_t> x = random_image(a.x_count());
      const std::vector<float> y = warp(a, x, {1, 0, 0, 0, 1, 0});
      for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], x[i]) << c << " channels, " << i;
    }
  }
}

// The short cut for the identity does what the sampling would have done. A matrix with a denormal
// in it is the identity in effect, and goes the long way.
TEST(AffineWarp, TheIdentityShortCutHasTheBitsOfTheSampling) {
  for (std::size_t c = 1; c <= 4; ++c) {
    const AffineWarpProblem a{1, 19, 37, c, 19, 37};
    const std::vector<std::uint8_t> x = random_image(a.x_count());
    const std::vector<float> fast = warp(a, x, {1, 0, 0, 0, 1, 0}, 1.3f, 0.017f, -1.9f);
    const std::vector<float> slow = warp(a, x, {1, 1e-40f, 0, 0, 1, 0}, 1.3f, 0.017f, -1.9f);
    EXPECT_EQ(fast, slow) << c << " channels";
  }
}

TEST(AffineWarp, QuarterTurnsAndFlipsMovePixels) {
  const std::size_t h = 18, w = 35, c = 3;
  const std::vector<std::uint8_t> x = random_image(h * w * c);
  // A quarter turn: the output is w high and h wide; its pixel (row j, column i) shows the input's
  // pixel (row h-1-i, column j), so u = Y and v = h - X.
  const AffineWarpProblem turn{1, h, w, c, w, h};
  const std::vector<float> turned = warp(turn, x, {0, 1, 0, -1, 0, float{h}});
  const AffineWarpProblem same{1, h, w, c, h, w};
  const std::vector<float> flipped = warp(same, x, {-1, 0, float{w}, 0, 1, 0});
  for (std::size_t j = 0; j < h; ++j)
    for (std::size_t i = 0; i < w; ++i)
      for (std::size_t k = 0; k < c; ++k) {
        const float pixel = x[(j * w + i) * c + k];
        ASSERT_EQ(turned[(i * h + (h - 1 - j)) * c + k], pixel);
        ASSERT_EQ(flipped[(j * w + (w - 1 - i)) * c + k], pixel);
      }
}

TEST(AffineWarp, BordersMeanWhatTheySay) {
  const std::vector<std::uint8_t> x = {10, 20, 40};  // a b c
  auto row = [&](WarpBorder border, float first) {   // nine pixels from `first` on
    return warp({1, 1, 3, 1, 1, 9, border, 100}, x, {1, 0, first, 0, 1, 0});
  };
  EXPECT_EQ(row(WarpBorder::nearest, -3), (std::vector<float>{10, 10, 10, 10, 20, 40, 40, 40, 40}));
  EXPECT_EQ(row(WarpBorder::reflect, -3), (std::vector<float>{40, 20, 10, 10, 20, 40, 40, 20, 10}));
  EXPECT_EQ(row(WarpBorder::reflect, 3), (std::vector<float>{40, 20, 10, 10, 20, 40, 40, 20, 10}));
  EXPECT_EQ(row(WarpBorder::constant, -3),
            (std::vector<float>{100, 100, 100, 10, 20, 40, 100, 100, 100}));
  // Half a pixel off: the mean of neighbours, also across the border.
  EXPECT_EQ(row(WarpBorder::nearest, -0.5f)[0], 10);
  EXPECT_EQ(row(WarpBorder::constant, -0.5f)[0], 55);
  EXPECT_EQ(row(WarpBorder::constant, -0.5f)[1], 15);
}

TEST(AffineWarp, BrightnessIsClampedBeforeNormalisation) {
  const AffineWarpProblem a{1, 1, 4, 1, 1, 4};
  const std::vector<float> y = warp(a, {0, 50, 100, 200}, {1, 0, 0, 0, 1, 0}, 2, 0.5f, -1);
  EXPECT_EQ(y, (std::vector<float>{-1, 49, 99, 126.5f}));
}

TEST(AffineWarp, SurvivesMatricesThatAreNotNumbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float huge = std::numeric_limits<float>::max(), infinite = 2 * huge;
  const std::vector<std::uint8_t> x = random_image(5 * 6 * 3);
  for (WarpBorder border : {WarpBorder::nearest, WarpBorder::reflect, WarpBorder::constant}) {
    for (float bad : {nan, huge, -huge, infinite, -infinite}) {
      const AffineWarpProblem a{1, 5, 6, 3, 4, 20, border, 9};
      const Matrix matrix = {bad, 0, bad, 1, bad, 0};
      const std::vector<float> y = warp(a, x, matrix);
      for (float v : y) ASSERT_TRUE(v >= 0 && v <= 255) << v;
      if (why_missing(Device::emu) == nullptr) {
        EXPECT_EQ(warp(a, x, matrix, 1, 1, 0, Device::emu), y);
      }
    }
  }
}

TEST(AffineWarp, RefusesImpossibleProblems) {
  EXPECT_THROW(check(AffineWarpProblem{1, 0, 5, 3, 4, 4}), Error);
  EXPECT_THROW(check(AffineWarpProblem{0, 5, 5, 3, 4, 4}), Error);
  EXPECT_THROW(check(AffineWarpProblem{1, 5, 5, 3, 4, (1u << 22) + 1}), Error);
  EXPECT_THROW(check(AffineWarpProblem{1, 5, 5, 3, 4, 4, WarpBorder::constant, INFINITY}), Error);
  EXPECT_NO_THROW(check(AffineWarpProblem{1, 5, 5, 3, 4, 4}));
}

}  // namespace
}  // namespace hilum::test
