// batch_norm where the mean is large beside the deviation. The harness measures errors against the
// sum of |terms|, which is then so large that a variance without one right digit would pass.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string_view>

#include "kernels/batch_norm/ref.h"
#include "kernels/dispatch.h"
#include "kernels/isa.h"
#include "tests/kernels/host_rows.h"

namespace hilum::test {
namespace {

// Every row of ours that can run the problem, on every instruction set.
template <class Pass, class Check>
void for_each_own_row(const typename Pass::Problem& problem, Check check) {
  const Isa before = isa();
  for (const Row<Pass>& row : Pass::table()) {
    const std::string_view name = row.name;
    if (!name.starts_with("cpu") && !name.starts_with("cuda")) continue;
    if (!takes_host_memory(row) || (row.why_not && row.why_not(problem))) continue;
    for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
      if (!makes_a_difference(row, candidate)) continue;
      set_isa(candidate);
      SCOPED_TRACE(std::string(row.name) + " " + isa_name(candidate));
      check(row);
    }
  }
  set_isa(before);
}

void check_mean_and_deviation(double mean, double deviation) {
  const BatchNormProblem a{3000, 19};
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  std::vector<float> x(a.x_count()), gamma(a.c), beta(a.c), running_mean(a.c), running_var(a.c);
  for (float& v : x) v = static_cast<float>(mean + deviation * normal(random));
  for (std::size_t c = 0; c < a.c; ++c) {
    gamma[c] = static_cast<float>(normal(random));
    beta[c] = static_cast<float>(normal(random));
    running_mean[c] = static_cast<float>(mean);
    running_var[c] = static_cast<float>(deviation * deviation);
  }
  auto wide = [](const std::vector<float>& v) { return std::vector<double>(v.begin(), v.end()); };
  std::vector<double> y(a.x_count()), center(a.c), inv_std(a.c), mean_out(a.c), var_out(a.c);
  BatchNormForward::reference(a, wide(x).data(), wide(gamma).data(), wide(beta).data(),
                              wide(running_mean).data(), wide(running_var).data(), y.data(),
                              center.data(), inv_std.data(), mean_out.data(), var_out.data());

  for_each_own_row<BatchNormForward>(a, [&](const Row<BatchNormForward>& row) {
    std::vector<float> got_y(a.x_count()), got_mean(a.c), got_inv_std(a.c), got_mean_out(a.c),
        got_var_out(a.c);
    run_row(row, a, x.data(), gamma.data(), beta.data(), running_mean.data(), running_var.data(),
            got_y.data(), got_mean.data(), got_inv_std.data(), got_mean_out.data(),
            got_var_out.data());
    for (std::size_t c = 0; c < a.c; ++c) {
      ASSERT_NEAR(got_mean[c], center[c], 1e-7 * std::fabs(mean));
      ASSERT_NEAR(got_inv_std[c], inv_std[c], 1e-6 * inv_std[c]);
      ASSERT_NEAR(got_var_out[c], var_out[c], 1e-6 * var_out[c]);
      ASSERT_NEAR(got_mean_out[c], mean_out[c], 1e-7 * std::fabs(mean));
    }
    for (std::size_t i = 0; i < a.x_count(); ++i) ASSERT_NEAR(got_y[i], y[i], 1e-5);
  });
}

TEST(BatchNorm, VarianceSurvivesALargeMean) {
  check_mean_and_deviation(1e4, 1);
  check_mean_and_deviation(-1e4, 0.05);
  check_mean_and_deviation(0.5, 1e-3);
  check_mean_and_deviation(1e6, 300);
}

TEST(BatchNorm, AConstantChannelGivesBetaAndNoGradient) {
  const BatchNormProblem a{77, 5};
  const std::vector<float> x(a.x_count(), 123.456f), gamma(a.c, 2.0f), beta(a.c, 0.25f),
      zeros(a.c, 0.0f), dy(a.x_count(), 1.0f);
  std::vector<float> y(a.x_count()), mean(a.c), inv_std(a.c), mean_out(a.c), var_out(a.c);
  for_each_own_row<BatchNormForward>(a, [&](const Row<BatchNormForward>& row) {
    run_row(row, a, x.data(), gamma.data(), beta.data(), zeros.data(), zeros.data(), y.data(),
            mean.data(), inv_std.data(), mean_out.data(), var_out.data());
    for (float v : y) ASSERT_NEAR(v, 0.25f, 1e-2);  // one rounding of x times 1/sqrt(epsilon)
    for (float v : var_out) ASSERT_NEAR(v, 0, 1e-9);
  });
  std::vector<float> dx(a.x_count()), dgamma(a.c), dbeta(a.c);
  for_each_own_row<BatchNormBackward>(a, [&](const Row<BatchNormBackward>& row) {
    run_row(row, a, x.data(), gamma.data(), mean.data(), inv_std.data(), dy.data(), dx.data(),
            dgamma.data(), dbeta.data());
    for (float v : dx) ASSERT_NEAR(v, 0, 1e-3);
    for (float v : dbeta) ASSERT_FLOAT_EQ(v, 77);
  });
}

TEST(BatchNorm, ASingleRowGivesBeta) {
  const BatchNormProblem a{1, 3};
  const std::vector<float> x = {1, -2, 300}, gamma(3, 1.0f), beta = {4, 5, 6}, zeros(3, 0.0f);
  std::vector<float> y(3), mean(3), inv_std(3), mean_out(3), var_out(3);
  for_each_own_row<BatchNormForward>(a, [&](const Row<BatchNormForward>& row) {
    run_row(row, a, x.data(), gamma.data(), beta.data(), zeros.data(), zeros.data(), y.data(),
            mean.data(), inv_std.data(), mean_out.data(), var_out.data());
    EXPECT_EQ(y, beta);
    EXPECT_EQ(mean, x);
    EXPECT_EQ(var_out, zeros);
  });
}

TEST(BatchNorm, ProblemsThatCannotBeAreRefused) {
  EXPECT_THROW(check(BatchNormProblem{0, 3}), Error);
  EXPECT_THROW(check(BatchNormProblem{3, 3, 0.0f}), Error);
  EXPECT_THROW(check(BatchNormProblem{3, 3, 1e-5f, 1.5f}), Error);
  EXPECT_NO_THROW(check(BatchNormProblem{3, 3}));
}

}  // namespace
}  // namespace hilum::test
