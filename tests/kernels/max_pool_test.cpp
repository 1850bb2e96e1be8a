// max_pool where values are equal or not numbers, which the harness avoids: finite differences have
// no meaning there. Every row that is ours must follow the reference to the bit.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "kernels/dispatch.h"
#include "kernels/isa.h"
#include "kernels/max_pool/cases.h"
#include "kernels/max_pool/ref.h"
#include "tests/kernels/host_rows.h"

namespace hilum::test {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

struct Result {
  std::vector<float> y, dx;
};

Result reference(const MaxPoolProblem& a, const std::vector<float>& x,
                 const std::vector<float>& dy) {
  Result result{std::vector<float>(a.y_count()), std::vector<float>(a.x_count())};
  MaxPoolForward::reference(a, x.data(), result.y.data());
  MaxPoolBackward::reference(a, x.data(), dy.data(), result.dx.data());
  return result;
}

void expect_equal(const std::vector<float>& got, const std::vector<float>& expected,
                  const std::string& where) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(got[i] == expected[i] || (std::isnan(got[i]) && std::isnan(expected[i])))
        << where << "[" << i << "] is " << got[i] << ", expected " << expected[i];
  }
}

// dy is made of small whole numbers, so that sums are exact in any order.
std::vector<float> whole_numbers(std::size_t count, int levels, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(random() % static_cast<unsigned>(levels));
  return values;
}

void check_rows(const MaxPoolProblem& a, const std::vector<float>& x, bool also_onednn) {
  const std::vector<float> dy = whole_numbers(a.y_count(), 9, 2);
  const Result expected = reference(a, x, dy);
  for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (candidate > best_isa()) continue;
    const Isa before = isa();
    set_isa(candidate);
    Result got{std::vector<float>(a.y_count(), nan), std::vector<float>(a.x_count(), nan)};
    for (const Row<MaxPoolForward>& row : MaxPoolForward::table()) {
      if (!takes_host_memory(row) || !makes_a_difference(row, candidate)) continue;
      if (std::string(row.name) == "onednn" && !also_onednn) continue;
      run_row(row, a, x.data(), got.y.data());
      expect_equal(got.y, expected.y, a.describe() + " " + row.name + " y");
    }
    for (const Row<MaxPoolBackward>& row : MaxPoolBackward::table()) {
      if (!takes_host_memory(row) || !makes_a_difference(row, candidate)) continue;
      if (std::string(row.name) == "onednn" && !also_onednn) continue;
      run_row(row, a, x.data(), dy.data(), got.dx.data());
      expect_equal(got.dx, expected.dx, a.describe() + " " + row.name + " dx");
    }
    set_isa(before);
  }
}

TEST(MaxPool, TheFirstOfEqualValuesGetsTheGradient) {
  // By hand: one window of four equal pixels.
  const MaxPoolProblem one{{1, 2, 2, 1, 2, 2, 2, 2}};
  const std::vector<float> equal = {5, 5, 5, 5};
  const Result result = reference(one, equal, {3});
  EXPECT_EQ(result.dx, (std::vector<float>{3, 0, 0, 0}));
  for (const auto& a_case : cases(static_cast<const MaxPoolProblem*>(nullptr))) {
    if (a_case.use == Use::bench) continue;
    // Three levels, so that most windows hold their maximum several times; and all equal.
    check_rows(a_case.problem, whole_numbers(a_case.problem.x_count(), 3, 1), true);
    check_rows(a_case.problem, std::vector<float>(a_case.problem.x_count(), 0.0f), true);
  }
}

TEST(MaxPool, PaddingNeverWins) {
  for (const auto& a_case : cases(static_cast<const MaxPoolProblem*>(nullptr))) {
    if (a_case.use == Use::bench) continue;
    check_rows(a_case.problem, std::vector<float>(a_case.problem.x_count(), -1e30f), true);
    check_rows(a_case.problem, std::vector<float>(a_case.problem.x_count(), -infinity), false);
  }
}

TEST(MaxPool, NotANumberIsNotHidden) {
  const MaxPoolProblem a{{1, 4, 4, 19, 3, 3, 1, 1, 1, 1}};
  std::vector<float> x = whole_numbers(a.x_count(), 7, 3);
  x[5 * a.c + 2] = nan;
  x[10 * a.c + 18] = nan;
  check_rows(a, x, false);
  EXPECT_TRUE(std::isnan(reference(a, x, whole_numbers(a.y_count(), 9, 2)).y[2]));
}

TEST(MaxPool, ProblemsThatCannotBeAreRefusedWithTheirShapes) {
  EXPECT_THROW(check(MaxPoolProblem{{1, 4, 4, 0, 2, 2}}), Error);
  EXPECT_THROW(check(MaxPoolProblem{{1, 4, 4, 3, 2, 2, 2, 2, 2, 0}}), Error);
  EXPECT_THROW(check(MaxPoolProblem{{1, 1, 1, 3, 2, 2, 2, 2}}), Error);
  EXPECT_NO_THROW(check(MaxPoolProblem{{1, 2, 2, 3, 2, 2, 2, 2}}));
}

}  // namespace
}  // namespace hilum::test
