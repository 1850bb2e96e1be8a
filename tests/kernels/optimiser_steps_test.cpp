// sgd and adam over several steps against sums worked out by hand, for a gradient that stays the
// same: what one step against the oracle cannot show is that the steps fit together.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/tables.h"

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

}  // namespace
}  // namespace hilum::test
