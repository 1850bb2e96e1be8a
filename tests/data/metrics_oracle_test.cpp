// Metrics against scikit-learn, SciPy and R's pROC on random problems with ties and missing
// classes. tests/data/metrics/oracle.py wrote golden.json; HILUM_METRICS_ORACLE names another such
// file (tests/house/metrics_test.sh makes one with a fresh seed where those programs are
// installed).
#include <cmath>

#include "data/binary.h"
#include "data/bootstrap.h"
#include "data/calibration.h"
#include "data/metrics.h"
#include "data/significance.h"
#include "engine/file.h"
#include "engine/json.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

using nlohmann::json;

constexpr double tolerance = 1e-9;

const json& oracle() {
  static const json all = [] {
    const char* given = std::getenv("HILUM_METRICS_ORACLE");
    return parse_json(read_file(
        given ? fs::path(given) : fs::path(HILUM_SOURCE_DIR) / "tests/data/metrics/golden.json"));
  }();
  return all;
}

// null: what the other program calls undefined, and ours NaN.
void expect_same(const json& theirs, double ours, const std::string& what) {
  if (theirs.is_null()) {
    EXPECT_TRUE(std::isnan(ours)) << what << " is " << ours;
  } else {
    EXPECT_NEAR(theirs.get<double>(), ours, tolerance) << what;
  }
}

std::vector<float> in_64ths(const json& rows) {
  std::vector<float> values;
  for (const json& row : rows) {
    for (const json& value : row) values.push_back(value.get<float>() / 64);
  }
  return values;
}

struct Problem {
  explicit Problem(const json& from)
      : json_(from),
        classes(from["probability"][0].size()),
        labels(from["labels"].get<std::vector<std::int32_t>>()),
        probability(in_64ths(from["probability"])),
        second(in_64ths(from["second"])),
        logits(in_64ths(from["logits"])) {}
  OneVsRest side(std::size_t c) const { return one_vs_rest(labels, probability, classes, c); }
  BinaryMetrics predicted(std::size_t c) const {  // of the largest probability, the first if equal
    const OneVsRest of = side(c);
    std::vector<double> called;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const float* p = probability.data() + i * classes;
      called.push_back(std::max_element(p, p + classes) == p + c ? 1 : 0);
    }
    return binary_metrics(of.positive, called, 0.5);
  }
  const json& json_;
  std::size_t classes;
  std::vector<std::int32_t> labels;
  std::vector<float> probability, second, logits;
};

template <class Check>
void for_each_problem(Check&& check) {
  ASSERT_EQ(oracle()["problems"].size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) {
    SCOPED_TRACE("problem " + std::to_string(i));
    check(Problem(oracle()["problems"][i]));
  }
}

TEST(MetricsOracle, ConfusionAndItsFigures) {
  for_each_problem([](const Problem& problem) {
    const json& theirs = problem.json_["sklearn"];
    std::vector<std::string> names;
    for (std::size_t c = 0; c < problem.classes; ++c) names.push_back(std::to_string(c));
    const Metrics ours = compute_metrics(names, problem.labels, problem.probability);
    std::vector<std::size_t> confusion;
    for (const json& row : theirs["confusion"]) {
      for (const json& count : row) confusion.push_back(count);
    }
    EXPECT_EQ(ours.confusion, confusion);
    expect_same(theirs["accuracy"], ours.accuracy.value(), "accuracy");
    expect_same(theirs["balanced_accuracy"], ours.balanced_accuracy, "balanced accuracy");
    expect_same(theirs["macro_f1"], ours.macro_f1, "macro F1");
    expect_same(theirs["mcc"], ours.mcc, "MCC");
    expect_same(theirs["loss"], ours.loss, "log loss");
    for (std::size_t c = 0; c < problem.classes; ++c) {
      const json& one = theirs["classes"][c];
      const ClassMetrics& mine = ours.by_class[c];
      expect_same(one["precision"], mine.precision.value(), "precision");
      expect_same(one["sensitivity"], mine.sensitivity.value(), "sensitivity");
      expect_same(one["specificity"], mine.specificity.value(), "specificity");
      expect_same(one["npv"], mine.npv.value(), "NPV");
      expect_same(one["f1"], mine.f1, "F1");
      expect_same(one["auc"], mine.auc, "AUC");
      expect_same(one["average_precision"], mine.average_precision, "average precision");
      const BinaryMetrics binary = problem.predicted(c);
      expect_same(one["precision"], binary.ppv().value(), "PPV");
      expect_same(one["npv"], binary.npv().value(), "NPV");
      expect_same(one["sensitivity"], binary.sensitivity().value(), "sensitivity");
      expect_same(one["specificity"], binary.specificity().value(), "specificity");
      expect_same(one["f1"], binary.f1(), "F1");
      expect_same(one["mcc"], binary.mcc(), "MCC of a class");
    }
  });
}

TEST(MetricsOracle, RocCurves) {
  std::size_t curves = 0;
  for_each_problem([&](const Problem& problem) {
    for (std::size_t c = 0; c < problem.classes; ++c) {
      const json& one = problem.json_["sklearn"]["classes"][c];
      if (!one.contains("roc")) continue;
      ++curves;
      const OneVsRest of = problem.side(c);
      const std::vector<RocPoint> ours = roc_curve(of.positive, of.score);
      ASSERT_EQ(ours.size(), one["roc"][0].size());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        expect_same(one["roc"][0][i],
                    static_cast<double>(ours[i].false_positives) / ours.back().false_positives,
                    "false positive rate");
        expect_same(one["roc"][1][i],
                    static_cast<double>(ours[i].true_positives) / ours.back().true_positives,
                    "true positive rate");
        if (i != 0) expect_same(one["roc"][2][i], ours[i].threshold, "threshold");
      }
    }
  });
  EXPECT_GE(curves, 40u);
}

TEST(MetricsOracle, DelongIntervalTestAndYoudenOfProc) {
  std::size_t tests = 0;
  for_each_problem([&](const Problem& problem) {
    for (const auto& [name, theirs] : problem.json_["proc"].items()) {
      ++tests;
      const std::size_t c = std::stoul(name);
      const OneVsRest a = problem.side(c),
                      b = one_vs_rest(problem.labels, problem.second, problem.classes, c);
      const DelongTest ours = delong_test(a.positive, a.score, b.score);
      expect_same(theirs["auc"], ours.a.value, "AUC");
      expect_same(theirs["low"], ours.a.low, "lower bound");
      expect_same(theirs["high"], ours.a.high, "upper bound");
      expect_same(theirs["z"], ours.z, "z");
      expect_same(theirs["p"], ours.p, "p");
      expect_same(theirs["difference"][0], ours.difference.low, "difference, lower bound");
      expect_same(theirs["difference"][1], ours.difference.high, "difference, upper bound");
      const double threshold = choose_threshold("youden", a.positive, a.score);
      const BinaryMetrics cut = binary_metrics(a.positive, a.score, threshold);
      expect_same(theirs["youden"], cut.sensitivity().value() + cut.specificity().value(),
                  "best sensitivity + specificity");
    }
  });
  EXPECT_GE(tests, 40u);
}

TEST(MetricsOracle, Calibration) {
  for_each_problem([](const Problem& problem) {
    const json& theirs = problem.json_["sklearn"];
    const Calibration ours = calibration(problem.labels, problem.probability, problem.classes);
    expect_same(theirs["ece"], ours.ece, "ECE");
    expect_same(theirs["brier"], ours.brier, "Brier");
    for (std::size_t c = 0; c < problem.classes; ++c) {
      const json& one = theirs["classes"][c];
      if (!one.contains("reliability")) continue;
      const OneVsRest of = problem.side(c);
      std::size_t at = 0;
      for (const ReliabilityBin& bin : reliability(of.score, of.positive, 10)) {
        if (bin.hits.n == 0) continue;
        ASSERT_LT(at, one["reliability"][0].size());
        expect_same(one["reliability"][0][at], bin.hits.value(), "hits of a bin");
        expect_same(one["reliability"][1][at], bin.mean_score, "mean score of a bin");
        ++at;
      }
      EXPECT_EQ(at, one["reliability"][0].size());
    }
    const double t = fit_temperature(problem.logits, problem.labels, problem.classes);
    expect_same(problem.json_["loss_at_one"],
                log_loss(problem.logits, problem.labels, problem.classes), "log loss");
    expect_same(problem.json_["loss_at_temperature"],
                log_loss(problem.logits, problem.labels, problem.classes, t),
                "log loss at the best temperature");
    EXPECT_NEAR(std::log(problem.json_["temperature"].get<double>()), std::log(t), 1e-4);
  });
}

TEST(MetricsOracle, ResampledFiguresAreThoseOfTheWholeSet) {
  for_each_problem([](const Problem& problem) {
    const WeightedMetrics weighted(problem.labels, problem.probability, problem.classes);
    const std::vector<double> ours = weighted(std::vector<std::uint32_t>(problem.labels.size(), 1));
    const json& theirs = problem.json_["sklearn"];
    expect_same(theirs["accuracy"], ours[WeightedMetrics::accuracy], "accuracy");
    expect_same(theirs["balanced_accuracy"], ours[WeightedMetrics::balanced_accuracy], "balanced");
    expect_same(theirs["macro_f1"], ours[WeightedMetrics::macro_f1], "macro F1");
    expect_same(theirs["mcc"], ours[WeightedMetrics::mcc], "MCC");
    std::vector<double> areas;
    for (const json& one : theirs["classes"]) {
      areas.push_back(one["auc"].is_null() ? NAN : one["auc"].get<double>());
    }
    EXPECT_NEAR(mean_of_defined(areas), ours[WeightedMetrics::macro_auc], tolerance);
  });
}

TEST(MetricsOracle, WilsonBinomialAndHolmOfR) {
  for (const json& one : oracle()["wilson"]) {
    const Rate rate{one["k"], one["n"]};
    expect_same(one["low"], rate.low(), "Wilson, lower bound");
    expect_same(one["high"], rate.high(), "Wilson, upper bound");
    std::vector<bool> a(rate.n), b(rate.n);
    for (std::size_t i = 0; i < rate.n; ++i) (i < rate.k ? a : b)[i] = true;
    expect_same(one["binomial"], mcnemar(a, b).p, "exact McNemar");
  }
  const std::vector<double> adjusted = holm(oracle()["holm"]["p"].get<std::vector<double>>());
  for (std::size_t i = 0; i < adjusted.size(); ++i) {
    expect_same(oracle()["holm"]["adjusted"][i], adjusted[i], "Holm");
  }
}

}  // namespace
}  // namespace hilum::test
