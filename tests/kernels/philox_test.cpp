// The generator against the known answers that its authors publish (Random123, kat_vectors), and
// the numbers made from it: ranges, moments, permutations.
#include "kernels/philox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace hilum::test {
namespace {

void expect_block(const PhiloxBlock& got, const std::array<std::uint32_t, 4>& expected) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(got.word[i], expected[i]) << "word " << i;
}

TEST(Philox, GivesTheKnownAnswers) {
  expect_block(philox4x32_10({{0, 0, 0, 0}}, 0, 0),
               {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint32_t ones = 0xffffffff;
  expect_block(philox4x32_10({{ones, ones, ones, ones}}, ones, ones),
               {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  expect_block(
      philox4x32_10({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
      {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST(Philox, PutsIndexStreamAndKeyInTheirWords) {
  const Philox random{0x299f31d0a4093822, 0x0370734413198a2e};
  expect_block(random.block(0x85a308d3243f6a88), {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  EXPECT_EQ(Philox{}.word(6), Philox{}.block(1).word[2]);
}

TEST(Philox, NumbersStayInTheirRanges) {
  EXPECT_EQ(unit_float(0), 0.0f);
  EXPECT_LT(unit_float(0xffffffff), 1.0f);
  EXPECT_LT(unit_double(~std::uint64_t{0}), 1.0);
  EXPECT_EQ(whole_below(~std::uint64_t{0}, 10), 9u);
  EXPECT_EQ(whole_below(0, 10), 0u);
  const std::uint64_t all = ~std::uint64_t{0};
  EXPECT_EQ(whole_below(all, all), all - 1);
  EXPECT_EQ(whole_below(std::uint64_t{1} << 63, all), all >> 1);
  const Philox random{1};
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_LT(random.below(i, 7), 7u);
}

TEST(Philox, MomentsAreThoseOfTheDistribution) {
  const Philox random{5, 9};
  const int count = 200000;
  double uniform = 0, square = 0, normal = 0, normal2 = 0, normal4 = 0, floats = 0;
  std::array<int, 6> dice{};
  for (int i = 0; i < count; ++i) {
    const double u = random.uniform(i), z = random.normal(i);
    uniform += u;
    square += u * u;
    normal += z;
    normal2 += z * z;
    normal4 += z * z * z * z;
    floats += random.uniform_float(i);
    ++dice[random.below(i, 6)];
  }
  // Five standard errors each.
  EXPECT_NEAR(uniform / count, 0.5, 5 * 0.289 / std::sqrt(count));
  EXPECT_NEAR(floats / count, 0.5, 5 * 0.289 / std::sqrt(count));
  EXPECT_NEAR(square / count, 1.0 / 3, 5 * 0.298 / std::sqrt(count));
  EXPECT_NEAR(normal / count, 0, 5 / std::sqrt(count));
  EXPECT_NEAR(normal2 / count, 1, 5 * std::sqrt(2.0 / count));
  EXPECT_NEAR(normal4 / count, 3, 5 * std::sqrt(96.0 / count));
  for (int side : dice) EXPECT_NEAR(side, count / 6.0, 5 * std::sqrt(count * 5 / 36.0));
}

TEST(Philox, ChildrenAndStreamsDiffer) {
  std::set<std::uint64_t> seen;
  const Philox random{3};
  for (std::uint64_t i = 0; i < 100; ++i) {
    seen.insert(random.child(i).block(0).bits64(0));
    seen.insert(random.child(0).child(i).block(0).bits64(0));
    seen.insert(Philox{3, i}.block(0).bits64(0));
    seen.insert(Philox{i + 100}.block(0).bits64(0));
  }
  EXPECT_EQ(seen.size(), 400u);
  EXPECT_NE(purpose("augment"), purpose("dropout"));
}

TEST(Philox, ShufflesEveryOrderEquallyOften) {
  std::vector<int> count(6);
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    const std::vector<std::size_t> order = permutation(3, seed, 1);
    std::vector<std::size_t> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, (std::vector<std::size_t>{0, 1, 2}));
    ++count[order[0] * 2 + (order[1] > order[2])];
  }
  for (int times : count) EXPECT_NEAR(times, 1000, 5 * std::sqrt(6000 * 5 / 36.0));
  EXPECT_EQ(permutation(100, 4, 2), permutation(100, 4, 2));
  EXPECT_NE(permutation(100, 4, 2), permutation(100, 4, 3));
  EXPECT_TRUE(permutation(0, 4, 2).empty());
}

TEST(Philox, ASequenceCountsForItself) {
  RandomSequence sequence(Philox{8});
  EXPECT_EQ(sequence.uniform(), Philox{8}.uniform(0));
  EXPECT_EQ(sequence.below(10), Philox{8}.below(1, 10));
  EXPECT_EQ(sequence.normal(), Philox{8}.normal(2));
}

}  // namespace
}  // namespace hilum::test
