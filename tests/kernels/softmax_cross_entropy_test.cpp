// softmax and softmax_cross_entropy where they are delicate: huge and equal logits, weights and
// smoothing worked out by hand, labels that are no classes.
#include "kernels/softmax_cross_entropy/softmax_cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/dispatch.h"
#include "kernels/isa.h"
#include "kernels/sigmoid/sigmoid.h"
#include "kernels/softmax/softmax.h"

namespace hilum::test {
namespace {

struct Result {
  float loss;
  std::vector<float> probability, dlogits;
};

Result cross_entropy(const SoftmaxCrossEntropyProblem& a, const std::vector<float>& logits,
                     const std::vector<std::int32_t>& labels,
                     const std::vector<float>& class_weight = {}) {
  Result result;
  result.probability.resize(a.count());
  result.dlogits.resize(a.count());
  const float* weight = class_weight.empty() ? nullptr : class_weight.data();
  run<SoftmaxCrossEntropyForward>(Device::cpu, a, logits.data(), labels.data(), weight,
                                  &result.loss, result.probability.data());
  const float one = 1;
  const std::vector<float>& p = result.probability;
  run<SoftmaxCrossEntropyBackward>(Device::cpu, a, p.data(), labels.data(), weight, &one,
                                   result.dlogits.data());
  return result;
}

TEST(SoftmaxCrossEntropy, HugeLogitsStayFinite) {
  const Result right = cross_entropy({1, 3}, {1e30f, 0, -1e30f}, {0});
  EXPECT_EQ(right.loss, 0);
  EXPECT_EQ(right.probability, (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(right.dlogits, (std::vector<float>{0, 0, 0}));
  const Result wrong = cross_entropy({1, 2}, {1000, -1000}, {1});
  EXPECT_EQ(wrong.loss, 2000);
  EXPECT_EQ(wrong.dlogits, (std::vector<float>{1, -1}));
}

TEST(SoftmaxCrossEntropy, EqualLogitsAreAnEvenChance) {
  for (std::size_t c : {1, 2, 3, 16, 37, 1000}) {
    const std::vector<float> logits(2 * c, -3.25f);
    const Result result = cross_entropy({2, c}, logits, {0, static_cast<std::int32_t>(c - 1)});
    for (float p : result.probability) ASSERT_EQ(p, 1.0f / static_cast<float>(c));
    EXPECT_FLOAT_EQ(result.loss, static_cast<float>(std::log(static_cast<double>(c))));
  }
}

// Logits are logarithms of odds, so that every probability is a plain fraction.
TEST(SoftmaxCrossEntropy, WeightsAndSmoothingByHand) {
  const float ln3 = std::log(3.0f);
  const std::vector<float> logits = {0, ln3, ln3, 0};  // p = 1/4, 3/4 and 3/4, 1/4
  const std::vector<std::int32_t> labels = {1, 1};
  const double near = -std::log(0.75), far = -std::log(0.25);
  EXPECT_NEAR(cross_entropy({2, 2}, logits, labels).loss, (near + far) / 2, 1e-6);
  EXPECT_NEAR(cross_entropy({2, 2, 0, true}, logits, {1, 0}, {1, 3}).loss,
              (3 * near + 1 * near) / 4, 1e-6);
  // Sample 0, weight 3: 0.8 3 near + 0.1 (far + 3 near); sample 1, weight 1: 0.8 near + 0.1 (near +
  // 3 far); both over 3 + 1.
  const Result both = cross_entropy({2, 2, 0.2f, true}, logits, {1, 0}, {1, 3});
  EXPECT_NEAR(both.loss,
              (2.4 * near + 0.1 * (far + 3 * near) + 0.8 * near + 0.1 * (near + 3 * far)) / 4,
              1e-6);
  // 2.4 (1/4) + 0.1 (1/4 4 - 1) for class 0 of sample 0, over 4.
  EXPECT_NEAR(both.dlogits[0], (2.4 * 0.25 + 0.1 * (0.25 * 4 - 1)) / 4, 1e-6);
  EXPECT_NEAR(both.dlogits[1], (2.4 * (0.75 - 1) + 0.1 * (0.75 * 4 - 3)) / 4, 1e-6);
}

TEST(SoftmaxCrossEntropy, ABatchOfNoWeightHasNoMean) {
  EXPECT_TRUE(std::isnan(cross_entropy({1, 2, 0, true}, {0, 1}, {0}, {0, 1}).loss));
}

TEST(SoftmaxCrossEntropy, RefusesLabelsThatAreNoClasses) {
  const SoftmaxCrossEntropyProblem a{3, 4};
  const std::vector<std::int32_t> good = {0, 3, 2}, high = {0, 4, 2}, negative = {0, -1, 2};
  EXPECT_NO_THROW(check_labels(a, good.data()));
  EXPECT_THROW(check_labels(a, high.data()), Error);
  EXPECT_THROW(check_labels(a, negative.data()), Error);
  EXPECT_THROW(check(SoftmaxCrossEntropyProblem{3, 4, 1.5f}), Error);
  EXPECT_THROW(check(SoftmaxCrossEntropyProblem{0, 4}), Error);
}

// The exponential in registers, seen through softmax and sigmoid.
TEST(SimdExp, CoversTheWholeRangeOfFloats) {
  const Isa before = isa();
  for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (candidate > best_isa()) continue;
    set_isa(candidate);
    const float infinite = std::numeric_limits<float>::infinity();
    const std::vector<float> x = {0, 200, -200, infinite, -infinite, NAN, -87.5f, -1e-30f};
    std::vector<float> y(x.size());
    run<SigmoidForward>(Device::cpu, SigmoidProblem{x.size()}, x.data(), y.data());
    EXPECT_EQ(y[0], 0.5f);
    EXPECT_EQ(y[1], 1);
    EXPECT_EQ(y[2], 0);
    EXPECT_EQ(y[3], 1);
    EXPECT_EQ(y[4], 0);
    EXPECT_TRUE(std::isnan(y[5]));
    EXPECT_EQ(y[7], 0.5f);
    // exp itself: with logits (0, x) softmax gives exp(x) / (1 + exp(x)), which is exp(x) up to
    // rounding for small ones, denormals included.
    for (float v = -15; v > -104; v -= 0.37f) {
      const std::vector<float> logits = {0, v};
      std::vector<float> p(2);
      run<SoftmaxForward>(Device::cpu, SoftmaxProblem{1, 2}, logits.data(), p.data());
      const double e = std::exp(static_cast<double>(v)), expected = e / (1 + e);
      ASSERT_NEAR(p[1], expected, 3e-7 * expected + 0x1p-149) << v << " " << isa_name(candidate);
    }
  }
  set_isa(before);
}

}  // namespace
}  // namespace hilum::test
