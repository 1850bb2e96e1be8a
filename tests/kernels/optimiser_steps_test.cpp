// sgd and adam over several steps against sums worked out by hand, for a gradient that stays the
// same: what one step against the oracle cannot show is that the steps fit together.
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>

#include "kernels/adam/ref.h"
#include "kernels/dispatch.h"
#include "kernels/operands.h"
#include "kernels/sgd/sgd.h"

namespace hilum::test {
namespace {

// One weight, starting at `w`, after `steps` steps with gradient g.
float after_sgd(SgdProblem a, float w, float g, int steps) {
  float v = 0;
  a.count = 1;
  for (int i = 0; i < steps; ++i) {
    run<SgdStep>(Device::cpu, a, &w, &g, a.momentum != 0 ? &v : nullptr, &w,
                 a.momentum != 0 ? &v : nullptr);
  }
  return w;
}

float after_adam(AdamProblem a, float w, float g, int steps) {
  float m = 0, v = 0;
  a.count = 1;
  for (a.step = 1; a.step <= static_cast<std::uint64_t>(steps); ++a.step) {
    run<AdamStep>(Device::cpu, a, &w, &g, &m, &v, &w, &m, &v);
  }
  return w;
}

TEST(OptimiserSteps, SgdSumsItsVelocity) {
  // v = 1, 1.5, 1.75: w = 3 - 0.1 (1 + 1.5 + 1.75) 2
  EXPECT_FLOAT_EQ(after_sgd({1, 0.1, 0.5}, 3, 2, 3), 3 - 0.2f * 4.25f);
  // Nesterov looks ahead: 1 + v / 2 = 1.5, 1.75, 1.875
  EXPECT_FLOAT_EQ(after_sgd({1, 0.1, 0.5, true}, 3, 2, 3), 3 - 0.2f * 5.125f);
  EXPECT_FLOAT_EQ(after_sgd({1, 0.1}, 3, 2, 3), 3 - 0.6f);
}

TEST(OptimiserSteps, SgdDecaysWeightsGeometrically) {
  EXPECT_FLOAT_EQ(after_sgd({1, 0.5, 0, false, 0.5}, 4, 0, 3), 4 * 0.75f * 0.75f * 0.75f);
}

TEST(OptimiserSteps, AdamMovesByItsRateUnderAConstantGradient) {
  // The bias corrections make both moments those of the gradient itself, so each step is lr.
  for (float g : {1e-4f, 0.3f, -50.0f}) {
    const float expected = 1 - std::copysign(5 * 0.01f, g);
    EXPECT_NEAR(after_adam({1, 0.01, 1}, 1, g, 5), expected, 2e-5) << g;
  }
}

TEST(OptimiserSteps, EpsilonStandsOutsideOfTheCorrectedRoot) {
  // The first step is lr g / (|g| + epsilon), whatever beta2.
  EXPECT_FLOAT_EQ(after_adam({1, 0.01, 1, 0.9, 0.999, 0.5}, 1, 0.25f, 1),
                  1 - 0.01f * 0.25f / 0.75f);
}

TEST(OptimiserSteps, DecoupledDecayShrinksWeightsByItself) {
  const float factor = 1 - 0.1f * 0.2f;
  EXPECT_FLOAT_EQ(after_adam({1, 0.1, 1, 0.9, 0.999, 1e-8, 0.2, true}, 4, 0, 2),
                  4 * factor * factor);
  // As an L2 term it goes through the moments and becomes a step of lr.
  EXPECT_FLOAT_EQ(after_adam({1, 0.1, 1, 0.9, 0.999, 1e-8, 0.2, false}, 4, 0, 1), 4 - 0.1f);
}

// One call for a list of parameters gives each element the bits of a call for its parameter, on any
// number of threads.
void check_step_all(Device device) {
  const AdamAllProblem a = {{1, 8191, 0, 27, 8193, 30011, 64}, {0, 0.01, 3, 0.9, 0.999, 1e-8, 0.1}};
  std::vector<OperandData> all = PassCalls<AdamStepAll>::make(a, 3);
  std::vector<OperandData> one = all;
  AdamProblem problem = a.each;
  std::size_t first = 0;
  for (std::size_t count : a.counts) {
    problem.count = count;
    auto at = [&](std::size_t i) { return one[i].f32.data() + first; };
    run<AdamStep>(device, problem, at(0), at(1), at(2), at(3), at(4), at(5), at(6));
    first += count;
  }
  const int before = omp_get_max_threads();
  for (int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    for (std::size_t i = 4; i < all.size(); ++i) reset_output(all[i]);
    PassCalls<AdamStepAll>::row(select<AdamStepAll>(device, a), {}, a, all);
    for (std::size_t i = 4; i < all.size(); ++i) EXPECT_EQ(all[i].f32, one[i].f32) << threads;
  }
  omp_set_num_threads(before);
}

TEST(OptimiserSteps, AdamOverAListHasTheBitsOfAdamOneByOne) {
  check_step_all(Device::cpu);
  if (const char* reason = why_missing(Device::emu)) GTEST_SKIP() << "on emu: " << reason;
  check_step_all(Device::emu);
}

}  // namespace
}  // namespace hilum::test
