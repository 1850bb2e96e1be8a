// dropout: the share that it drops, what it does to the rest, and that its mask depends on the seed
// and the place alone.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/dispatch.h"
#include "kernels/dropout/ref.h"

namespace hilum::test {
namespace {

std::vector<float> mask_of(const DropoutProblem& a, Device device = Device::cpu) {
  const std::vector<float> ones(a.count, 1);
  std::vector<float> y(a.count);
  run<DropoutForward>(device, a, ones.data(), y.data());
  return y;
}

TEST(Dropout, DropsTheShareItIsToldAndScalesTheRest) {
  const std::size_t count = 1 << 20;
  for (float p : {0.2f, 0.5f, 0.9f}) {
    std::size_t dropped = 0;
    for (float v : mask_of({count, p, 42})) {
      if (v == 0) {
        ++dropped;
      } else {
        ASSERT_FLOAT_EQ(v, 1 / (1 - p));
      }
    }
    const double deviation = std::sqrt(p * (1.0 - p) / count);
    EXPECT_NEAR(static_cast<double>(dropped) / count, p, 4 * deviation);
  }
}

TEST(Dropout, KeepsAllWhereNothingIsDropped) {
  for (float v : mask_of({1003, 0, 42})) ASSERT_EQ(v, 1);
}

TEST(Dropout, MaskFollowsSeedAndPlaceAlone) {
  const std::vector<float> whole = mask_of({5000, 0.5f, 7, 0});
  for (std::uint64_t offset : {1, 2, 3, 4, 1021, 3001}) {
    const std::vector<float> part = mask_of({1500, 0.5f, 7, offset});
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + offset)) << offset;
  }
  EXPECT_NE(mask_of({5000, 0.5f, 8, 0}), whole);
}

TEST(Dropout, EveryDeviceDrawsTheSameMask) {
  if (const char* reason = why_missing(Device::emu)) GTEST_SKIP() << reason;
  for (std::uint64_t offset : {0ull, 3ull, 1021ull, (1ull << 34) - 7}) {
    const DropoutProblem a{3001, 0.3f, 7, offset};
    EXPECT_EQ(mask_of(a, Device::emu), mask_of(a)) << offset;
  }
}

TEST(Dropout, BackwardDrawsTheSameMask) {
  const DropoutProblem a{3001, 0.3f, 11, 5};
  const std::vector<float> ones(a.count, 1), mask = mask_of(a);
  std::vector<float> dx(a.count);
  run<DropoutBackward>(Device::cpu, a, ones.data(), dx.data());
  EXPECT_EQ(dx, mask);
}

TEST(Dropout, WhatIsDroppedIsZeroWhateverItWas) {
  const DropoutProblem a{1003, 0.5f, 3};
  const std::vector<float> bad(a.count, std::numeric_limits<float>::quiet_NaN()), mask = mask_of(a);
  std::vector<float> y(a.count);
  run<DropoutForward>(Device::cpu, a, bad.data(), y.data());
  for (std::size_t i = 0; i < a.count; ++i) ASSERT_EQ(std::isnan(y[i]), mask[i] != 0);
}

TEST(Dropout, RefusesSharesOutsideOfItsRange) {
  EXPECT_THROW(check(DropoutProblem{5, 1}), Error);
  EXPECT_THROW(check(DropoutProblem{5, -0.1f}), Error);
  EXPECT_THROW(check(DropoutProblem{5, std::numeric_limits<float>::quiet_NaN()}), Error);
  EXPECT_NO_THROW(check(DropoutProblem{5, 0.5f}));
}

}  // namespace
}  // namespace hilum::test
