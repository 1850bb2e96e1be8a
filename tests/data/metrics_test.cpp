// Metrics against values worked out by hand and against the definitions, pair by pair.
#include "data/metrics.h"

#include <cmath>

#include "kernels/philox.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

// The area as the share of pairs in order, and DeLong's variance from all pairs: O(m n).
Auc by_definition(const std::vector<bool>& positive, const std::vector<double>& score) {
  std::vector<double> x, y;
  for (std::size_t i = 0; i < score.size(); ++i) (positive[i] ? x : y).push_back(score[i]);
  const double m = static_cast<double>(x.size()), n = static_cast<double>(y.size());
  std::vector<double> v10(x.size()), v01(y.size());
  double area = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < y.size(); ++j) {
      const double psi = x[i] > y[j] ? 1 : x[i] == y[j] ? 0.5 : 0;
      area += psi / (m * n);
      v10[i] += psi / n;
      v01[j] += psi / m;
    }
  }
  double s10 = 0, s01 = 0;
  for (double v : v10) s10 += (v - area) * (v - area) / (m - 1);
  for (double v : v01) s01 += (v - area) * (v - area) / (n - 1);
  const double half = 1.959963984540054 * std::sqrt(s10 / m + s01 / n);
  return {area, std::max(0.0, area - half), std::min(1.0, area + half)};
}

TEST(Wilson, HandWorked) {
  // 8 of 10: (0.8 + 3.8415/20 +- 1.96 sqrt(0.016 + 3.8415/400)) / 1.38415.
  const Rate rate{8, 10};
  EXPECT_DOUBLE_EQ(rate.value(), 0.8);
  EXPECT_NEAR(rate.low(), 0.490162, 1e-6);
  EXPECT_NEAR(rate.high(), 0.943318, 1e-6);
  // The bounds solve (p - p0)^2 = z^2 p0 (1 - p0) / n.
  for (std::size_t k = 1; k < 118; ++k) {
    const Rate r{k, 118};
    for (double p0 : {r.low(), r.high()}) {
      EXPECT_NEAR(std::pow(r.value() - p0, 2), 3.841458820694124 * p0 * (1 - p0) / 118, 1e-12);
    }
  }
  EXPECT_EQ((Rate{0, 20}.low()), 0);
  EXPECT_EQ((Rate{20, 20}.high()), 1);
  EXPECT_NEAR((Rate{0, 20}.high()), 3.841458820694124 / (20 + 3.841458820694124), 1e-12);
  EXPECT_TRUE(std::isnan(Rate{}.value()));
  EXPECT_TRUE(std::isnan(Rate{}.low()));
}

TEST(Auc, HandWorked) {
  // Positives 0.9 0.8 0.4, negatives 0.7 0.3: five of six pairs in order.
  const Auc auc = roc_auc({true, false, true, false, true}, {0.9, 0.7, 0.8, 0.3, 0.4});
  EXPECT_NEAR(auc.value, 5.0 / 6, 1e-15);
  EXPECT_DOUBLE_EQ(roc_auc({true, false}, {0.5, 0.5}).value, 0.5);
  EXPECT_DOUBLE_EQ(roc_auc({true, true, false, false}, {4, 3, 2, 1}).value, 1);
  EXPECT_DOUBLE_EQ(roc_auc({true, true, false, false}, {4, 3, 2, 1}).low, 1);
  EXPECT_DOUBLE_EQ(roc_auc({false, true, true}, {3, 2, 1}).value, 0);
  EXPECT_TRUE(std::isnan(roc_auc({true, true}, {1, 2}).value));
  EXPECT_TRUE(std::isnan(roc_auc({true, false}, {1, 2}).low));  // no spread from single values
  message_of(ErrorKind::usage, [] { roc_auc({true, false}, {0.5, NAN}); });
}

TEST(Auc, SameAsAllPairs) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Philox random{seed};
    std::vector<bool> positive;
    std::vector<double> score;
    const std::size_t n = 10 + seed * 7;
    for (std::size_t i = 0; i < n; ++i) {
      positive.push_back(i < 2 || (i > 3 && random.uniform(2 * i) < 0.3));
      // Few different values: many ties.
      score.push_back(std::floor(random.uniform(2 * i + 1) * 12 + 2 * positive.back()));
    }
    const Auc fast = roc_auc(positive, score), slow = by_definition(positive, score);
    EXPECT_NEAR(fast.value, slow.value, 1e-12);
    EXPECT_NEAR(fast.low, slow.low, 1e-12);
    EXPECT_NEAR(fast.high, slow.high, 1e-12);
  }
}

TEST(Metrics, HandWorked) {
  // Truth   a a a b b c, predicted a a b b c c.
  const std::vector<std::int32_t> labels = {0, 0, 0, 1, 1, 2};
  const std::vector<float> p = {0.6f, 0.3f, 0.1f, 0.5f, 0.25f, 0.25f, 0.25f, 0.5f, 0.25f,
                                0.2f, 0.5f, 0.3f, 0.1f, 0.4f,  0.5f,  0.2f,  0.2f, 0.6f};
  const Metrics m = compute_metrics({"a", "b", "c"}, labels, p);
  EXPECT_EQ(m.confusion, (std::vector<std::size_t>{2, 1, 0, 0, 1, 1, 0, 0, 1}));
  EXPECT_EQ(m.accuracy.k, 4u);
  EXPECT_EQ(m.accuracy.n, 6u);
  EXPECT_EQ(m.majority.k, 3u);
  EXPECT_NEAR(m.balanced_accuracy, (2.0 / 3 + 1.0 / 2 + 1) / 3, 1e-12);
  const ClassMetrics& a = m.by_class[0];
  EXPECT_EQ(a.precision.k, 2u);
  EXPECT_EQ(a.precision.n, 2u);
  EXPECT_EQ(a.sensitivity.n, 3u);
  EXPECT_EQ(a.specificity.k, 3u);
  EXPECT_EQ(a.specificity.n, 3u);
  EXPECT_NEAR(a.f1, 2 * 1 * (2.0 / 3) / (1 + 2.0 / 3), 1e-12);
  const ClassMetrics& c = m.by_class[2];
  EXPECT_EQ(c.specificity.k, 4u);
  EXPECT_EQ(c.specificity.n, 5u);
  EXPECT_NEAR(m.macro_f1, (0.8 + 0.5 + 2.0 / 3) / 3, 1e-12);
  // Class a: positives 0.6 0.5 0.25, negatives 0.2 0.1 0.2: all in order. Class b: positives 0.5
  // 0.4; negatives 0.3 0.25 0.5 0.2: seven and a half of eight... 0.5 ties once, 0.4 loses once.
  EXPECT_NEAR(a.auc, 1, 1e-12);
  EXPECT_NEAR(m.by_class[1].auc, (3.5 + 3) / 8, 1e-12);
  EXPECT_NEAR(c.auc, 1, 1e-12);
  EXPECT_NEAR(m.macro_auc, (1 + 6.5 / 8 + 1) / 3, 1e-12);
  const double loss = -(std::log(0.6) + std::log(0.5) + std::log(0.25) + std::log(0.5) +
                        std::log(0.4) + std::log(0.6)) /
                      6;
  EXPECT_NEAR(m.loss, loss, 1e-7);
}

TEST(Metrics, AbsentClassesAndTies) {
  // The first of equal probabilities is the prediction; class c never occurs.
  const Metrics m = compute_metrics({"a", "b", "c"}, {0, 1}, {0.4f, 0.4f, 0.2f, 0.5f, 0.5f, 0.f});
  EXPECT_EQ(m.confusion, (std::vector<std::size_t>{1, 0, 0, 1, 0, 0, 0, 0, 0}));
  EXPECT_TRUE(std::isnan(m.by_class[2].sensitivity.value()));
  EXPECT_TRUE(std::isnan(m.by_class[2].f1));
  EXPECT_TRUE(std::isnan(m.by_class[2].auc));
  EXPECT_NEAR(m.balanced_accuracy, 0.5, 1e-12);
  EXPECT_NEAR(m.macro_f1, (2.0 / 3 + 0) / 2, 1e-12);
  EXPECT_TRUE(std::isfinite(compute_metrics({"a", "b"}, {0}, {0.f, 1.f}).loss));
}

TEST(Metrics, Refuses) {
  EXPECT_HAS(message_of(ErrorKind::usage,
                        [] {
                          compute_metrics({"a", "b"}, {0}, {NAN, 1});
                        }),
             "diverged");
  message_of(ErrorKind::usage, [] { compute_metrics({"a", "b"}, {2}, {0.5f, 0.5f}); });
  message_of(ErrorKind::usage, [] { compute_metrics({"a", "b"}, {0}, {1.f}); });
  message_of(ErrorKind::usage, [] { compute_metrics({"a"}, {}, {}); });
}

}  // namespace
}  // namespace hilum::test
