// The cluster bootstrap, thresholds, prevalence and the positive class against what is known of
// them.
#include "data/bootstrap.h"

#include <cmath>

#include "data/binary.h"
#include "data/calibration.h"
#include "data/metrics.h"
#include "data/significance.h"
#include "kernels/philox.h"
#include "kernels/threads.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

// n images in groups of `size`, all images of a group right or wrong together.
struct Clustered {
  std::vector<std::string> groups;
  std::vector<std::int32_t> labels;
  std::vector<float> probability;
  Clustered(std::size_t n, std::size_t size) {
    const Philox random{5};
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t group = i / size;
      groups.push_back("patient " + std::to_string(group));
      labels.push_back(static_cast<std::int32_t>(group % 2));
      const bool right = random.uniform(group) < 0.8;
      const float p = right == (group % 2 == 1) ? 0.9f : 0.1f;
      probability.insert(probability.end(), {1 - p, p});
    }
  }
};

TEST(Bootstrap, OfSingleImagesIsNearWilson) {
  const Clustered set(400, 1);
  const WeightedMetrics statistic(set.labels, set.probability, 2);
  const auto intervals = cluster_bootstrap(set.groups, statistic, 1);
  const Interval accuracy = intervals[WeightedMetrics::accuracy];
  const Rate rate{static_cast<std::size_t>(std::lround(accuracy.value * 400)), 400};
  EXPECT_NEAR(accuracy.low, rate.low(), 0.01);
  EXPECT_NEAR(accuracy.high, rate.high(), 0.01);
}

// Ten images of one patient that are right or wrong together are one observation: the interval is
// that of a tenth as many images, sqrt(10) as wide.
TEST(Bootstrap, GroupsWidenTheInterval) {
  const Clustered set(2000, 10);
  const WeightedMetrics statistic(set.labels, set.probability, 2);
  const auto grouped = cluster_bootstrap(set.groups, statistic, 1);
  const auto single = cluster_bootstrap(std::vector<std::string>(2000), statistic, 1);
  const auto width = [](const Interval& of) { return of.high - of.low; };
  EXPECT_NEAR(width(grouped[0]) / width(single[0]), std::sqrt(10.0), 0.3);
  EXPECT_EQ(grouped[0].value, single[0].value);
}

TEST(Bootstrap, SameSeedSameBitsForAnyNumberOfThreads) {
  const Clustered set(120, 4);
  const WeightedMetrics statistic(set.labels, set.probability, 2);
  const auto bits = [&](std::size_t threads, std::uint64_t seed) {
    const std::size_t before = thread_count();
    set_thread_count(threads);
    std::vector<double> all;
    for (const Interval& of : cluster_bootstrap(set.groups, statistic, seed, 300)) {
      all.insert(all.end(), {of.value, of.low, of.high});
    }
    set_thread_count(before);
    return all;
  };
  EXPECT_EQ(bits(1, 7), bits(3, 7));
  EXPECT_NE(bits(1, 7), bits(1, 8));
}

// A weight is a number of copies.
TEST(Bootstrap, WeightsAreCopies) {
  const std::vector<std::int32_t> labels = {0, 1, 2, 1, 0};
  const std::vector<float> p = {.5f, .25f, .25f, .25f, .5f,  .25f, .25f, .25f,
                                .5f, .5f,  .25f, .25f, .25f, .5f,  .25f};
  const std::vector<std::uint32_t> weight = {2, 1, 0, 3, 1};
  std::vector<std::int32_t> copied_labels;
  std::vector<float> copied;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::uint32_t k = 0; k < weight[i]; ++k) {
      copied_labels.push_back(labels[i]);
      copied.insert(copied.end(), p.begin() + 3 * i, p.begin() + 3 * (i + 1));
    }
  }
  const Metrics whole = compute_metrics({"a", "b", "c"}, copied_labels, copied);
  const std::vector<double> figures = WeightedMetrics(labels, p, 3)(weight);
  EXPECT_NEAR(figures[WeightedMetrics::accuracy], whole.accuracy.value(), 1e-12);
  EXPECT_NEAR(figures[WeightedMetrics::balanced_accuracy], whole.balanced_accuracy, 1e-12);
  EXPECT_NEAR(figures[WeightedMetrics::macro_f1], whole.macro_f1, 1e-12);
  EXPECT_NEAR(figures[WeightedMetrics::mcc], whole.mcc, 1e-12);
  EXPECT_NEAR(figures[WeightedMetrics::macro_auc], whole.macro_auc, 1e-12);
}

TEST(Threshold, Rules) {
  const std::vector<bool> positive = {true, true, true, true, false, false, false, false};
  const std::vector<double> score = {.9, .8, .7, .2, .6, .3, .2, .1};
  EXPECT_DOUBLE_EQ(choose_threshold("youden", positive, score), 0.65);
  EXPECT_DOUBLE_EQ(choose_threshold("sensitivity=1", positive, score), 0.15);
  EXPECT_DOUBLE_EQ(choose_threshold("specificity=0.75", positive, score), 0.45);
  EXPECT_DOUBLE_EQ(choose_threshold("0.3", positive, score), 0.3);
  EXPECT_HAS(message_of(ErrorKind::usage, [&] { choose_threshold("best", positive, score); }),
             "youden");
  message_of(ErrorKind::usage, [&] { choose_threshold("1.5", positive, score); });
  message_of(ErrorKind::usage, [&] { choose_threshold("youden", {true, true}, {1, 2}); });
  // Neighbouring doubles have nothing between them.
  const double low = 0.5, high = std::nextafter(0.5, 1);
  EXPECT_EQ(choose_threshold("youden", {true, false}, {high, low}), high);
}

TEST(Threshold, PredictiveValuesAtAPrevalence) {
  // Sensitivity and specificity 0.9: of 10,000 people with prevalence 1 %, 90 of 100 ill ones and
  // 990 of 9,900 well ones are called.
  BinaryMetrics metrics;
  metrics.true_positives = metrics.true_negatives = 90;
  metrics.false_positives = metrics.false_negatives = 10;
  const PredictiveValues values = predictive_values(metrics, 0.01);
  EXPECT_NEAR(values.ppv.value, 90.0 / (90 + 990), 1e-12);
  EXPECT_NEAR(values.npv.value, 8910.0 / (8910 + 10), 1e-12);
  EXPECT_LT(values.ppv.low, values.ppv.value);
  EXPECT_GT(values.npv.high, values.npv.value);
  // At the set's own prevalence they are what was counted.
  EXPECT_NEAR(predictive_values(metrics, 0.5).ppv.value, metrics.ppv().value(), 1e-12);
  message_of(ErrorKind::usage, [&] { predictive_values(metrics, 1); });
}

TEST(PositiveClass, IsNamedNotNumbered) {
  EXPECT_EQ(positive_class({"COVID", "NonCOVID"}, ""), 0u);
  EXPECT_EQ(positive_class({"CT_COVID", "CT_NonCOVID"}, ""), 0u);
  EXPECT_EQ(positive_class({"Normal", "Pneumonia"}, ""), 1u);
  EXPECT_EQ(positive_class({"healthy", "tumour"}, ""), 1u);
  EXPECT_EQ(positive_class({"a", "b"}, ""), 0u);
  EXPECT_EQ(positive_class({"COVID", "NonCOVID"}, "NonCOVID"), 1u);
  EXPECT_EQ(positive_class({"a", "b", "c"}, ""), 3u);
  EXPECT_EQ(positive_class({"a", "b", "c"}, "b"), 1u);
  EXPECT_HAS(message_of(ErrorKind::usage, [] { positive_class({"a", "b"}, "c"); }), "a, b");
}

TEST(Calibration, TemperatureUndoesAScale) {
  // Labels drawn from the softmax of z; the network then says 3 z.
  const Philox random{11};
  std::vector<float> logits;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < 20000; ++i) {
    const double z = 2 * random.normal(2 * i);
    logits.insert(logits.end(), {0.f, static_cast<float>(3 * z)});
    labels.push_back(random.uniform(2 * i + 1) < 1 / (1 + std::exp(-z)) ? 1 : 0);
  }
  const double t = fit_temperature(logits, labels, 2);
  EXPECT_NEAR(t, 3, 0.15);
  EXPECT_LT(calibration(labels, softmax_rows(logits, 2, t), 2).ece, 0.01);
  EXPECT_GT(calibration(labels, softmax_rows(logits, 2), 2).ece, 0.05);
}

TEST(Significance, McnemarAndHolm) {
  EXPECT_DOUBLE_EQ(mcnemar({true, false}, {true, false}).p, 1);
  // 0 against 5: 2 / 2^5.
  const std::vector<bool> five(5, true), none(5, false);
  EXPECT_NEAR(mcnemar(five, none).p, 0.0625, 1e-12);
  EXPECT_EQ(mcnemar(five, none).only_a, 5u);
  const auto adjusted = holm({0.01, NAN, 0.04, 0.03});
  EXPECT_NEAR(adjusted[0], 0.03, 1e-12);
  EXPECT_TRUE(std::isnan(adjusted[1]));
  EXPECT_NEAR(adjusted[2], 0.06, 1e-12);
  EXPECT_NEAR(adjusted[3], 0.06, 1e-12);
}

}  // namespace
}  // namespace hilum::test
