// Counts at a threshold, how the threshold is chosen, which class is meant.
#include "data/binary.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include "data/roc.h"
#include "kernels/error.h"

namespace hilum {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) { return whole == 0 ? nan : part / whole; }

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// "NonCOVID", "CT_NonCOVID", "no_finding", "normal": names of what is left when the disease is
// absent. Each word of the name is looked at.
bool denies(const std::string& name) {
  const std::string text = lower_case(name);
  bool begins = true;  // a word
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins) {
      for (const char* denial : {"non", "no_", "no-", "no ", "not", "normal", "neg", "healthy",
                                 "control", "benign", "without", "absent"}) {
        if (std::string_view(text).substr(i).starts_with(denial)) return true;
      }
    }
    begins = std::isalnum(static_cast<unsigned char>(text[i])) == 0;
  }
  return false;
}

// The number behind "name=", or NaN where the rule has another name.
double rule_value(const std::string& rule, const std::string& name) {
  if (!rule.starts_with(name)) return nan;
  double value = nan;
  const char* end = rule.data() + rule.size();
  const auto [next, error] = std::from_chars(rule.data() + name.size(), end, value);
  return error == std::errc() && next == end && value >= 0 && value <= 1 ? value : nan;
}

// One cut between neighbouring scores, and how much it is wanted.
struct Cut {
  double threshold, worth;
};

double best_cut(const std::vector<Cut>& cuts) {
  const auto better = [](const Cut& a, const Cut& b) {
    if (a.worth != b.worth) return a.worth < b.worth;
    return std::abs(a.threshold - 0.5) > std::abs(b.threshold - 0.5);
  };
  return std::max_element(cuts.begin(), cuts.end(), better)->threshold;
}

}  // namespace

double BinaryMetrics::f1() const {
  const auto hits = static_cast<double>(2 * true_positives);
  return ratio(hits, hits + static_cast<double>(false_positives + false_negatives));
}

double BinaryMetrics::balanced_accuracy() const {
  return (sensitivity().value() + specificity().value()) / 2;
}

double BinaryMetrics::mcc() const {
  const auto tp = static_cast<double>(true_positives), fp = static_cast<double>(false_positives);
  const auto fn = static_cast<double>(false_negatives), tn = static_cast<double>(true_negatives);
  const double square = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);
  return square == 0 ? 0 : (tp * tn - fp * fn) / std::sqrt(square);
}

BinaryMetrics binary_metrics(const std::vector<bool>& positive, const std::vector<double>& score,
                             double threshold) {
  if (positive.size() != score.size()) {
    throw usage_error("binary metrics of {} labels and {} scores: expected as many of each.",
                      positive.size(), score.size());
  }
  BinaryMetrics result;
  result.threshold = threshold;
  for (std::size_t i = 0; i < score.size(); ++i) {
    const bool called = score[i] >= threshold;
    ++(positive[i] ? called ? result.true_positives : result.false_negatives
       : called    ? result.false_positives
                   : result.true_negatives);
  }
  return result;
}

double choose_threshold(const std::string& rule, const std::vector<bool>& positive,
                        const std::vector<double>& score) {
  const double number = rule_value(rule, "");
  if (!std::isnan(number)) return number;
  const double sensitivity = rule_value(rule, "sensitivity=");
  const double specificity = rule_value(rule, "specificity=");
  if (rule != "youden" && std::isnan(sensitivity) && std::isnan(specificity)) {
    throw usage_error(
        "threshold '{}': is not known. Expected youden, sensitivity=0.95, specificity=0.95 or a "
        "number from 0 to 1.",
        rule);
  }
  const std::vector<RocPoint> curve = roc_curve(positive, score);
  const auto positives = static_cast<double>(curve.back().true_positives);
  const auto negatives = static_cast<double>(curve.back().false_positives);
  if (positives == 0 || negatives == 0) {
    throw usage_error(
        "threshold '{}': cannot be chosen on {} positive and {} negative images. Expected some of "
        "each; or give a number.",
        rule, positives, negatives);
  }
  std::vector<Cut> cuts;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const double next = i + 1 < curve.size() ? curve[i + 1].threshold : curve[i].threshold;
    // Halfway to the next lower score; where no double lies between, the score itself.
    const double middle = next + (curve[i].threshold - next) / 2;
    const double threshold = middle > next ? middle : curve[i].threshold;
    const double sens = static_cast<double>(curve[i].true_positives) / positives;
    const double spec = 1 - static_cast<double>(curve[i].false_positives) / negatives;
    double worth = sens + spec;
    if (!std::isnan(sensitivity)) worth = sens >= sensitivity ? threshold : -1;
    if (!std::isnan(specificity)) worth = spec >= specificity ? -threshold : -2;
    cuts.push_back({threshold, worth});
  }
  return best_cut(cuts);
}

PredictiveValues predictive_values(const BinaryMetrics& metrics, double prevalence) {
  if (!(prevalence > 0 && prevalence < 1)) {
    throw usage_error("prevalence {}: expected a share above 0 and below 1.", prevalence);
  }
  const auto ppv = [&](double sens, double spec) {
    return ratio(sens * prevalence, sens * prevalence + (1 - spec) * (1 - prevalence));
  };
  const auto npv = [&](double sens, double spec) {
    return ratio(spec * (1 - prevalence), spec * (1 - prevalence) + (1 - sens) * prevalence);
  };
  const Rate a = metrics.sensitivity(), b = metrics.specificity();
  return {prevalence,
          {ppv(a.value(), b.value()), ppv(a.low(), b.low()), ppv(a.high(), b.high())},
          {npv(a.value(), b.value()), npv(a.low(), b.low()), npv(a.high(), b.high())}};
}

std::size_t positive_class(const std::vector<std::string>& classes, const std::string& asked) {
  if (!asked.empty()) {
    const auto found = std::find(classes.begin(), classes.end(), asked);
    if (found == classes.end()) {
      throw usage_error("positive class '{}': is none of the classes {}.", asked,
                        fmt::join(classes, ", "));
    }
    return static_cast<std::size_t>(found - classes.begin());
  }
  if (classes.size() != 2) return classes.size();
  return denies(classes[0]) && !denies(classes[1]) ? 1 : 0;
}

}  // namespace hilum
