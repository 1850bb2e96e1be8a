// ROC and precision-recall curves; DeLong's variance from midranks.
#include "data/roc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/error.h"

namespace hilum {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void check_scores(const std::vector<bool>& positive, const std::vector<double>& score) {
  if (positive.size() != score.size()) {
    throw usage_error("ROC of {} labels and {} scores: expected as many of each.", positive.size(),
                      score.size());
  }
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (std::isnan(score[i])) throw usage_error("ROC: score {} is NaN.", i);
  }
}

// Ranks from 1, equal values sharing the mean of theirs.
std::vector<double> midranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0, j; i < order.size(); i = j) {
    for (j = i + 1; j < order.size() && values[order[j]] == values[order[i]];) ++j;
    const double rank = 0.5 * static_cast<double>(i + 1 + j);  // the mean of i + 1 to j
    for (std::size_t k = i; k < j; ++k) ranks[order[k]] = rank;
  }
  return ranks;
}

// DeLong's structural components: for each positive the share of negatives below it, for each
// negative the share of positives above it. From midranks after Sun and Xu, Fast implementation of
// DeLong's algorithm (2014): the share below a positive is its rank among all minus its rank among
// the positives, over the number of negatives.
struct Components {
  std::vector<double> below, above;
  double area() const {
    return std::accumulate(below.begin(), below.end(), 0.0) / static_cast<double>(below.size());
  }
};

Components components(const std::vector<bool>& positive, const std::vector<double>& score) {
  check_scores(positive, score);
  std::vector<double> of_positives, of_negatives;
  for (std::size_t i = 0; i < score.size(); ++i) {
    (positive[i] ? of_positives : of_negatives).push_back(score[i]);
  }
  Components result;
  if (of_positives.empty() || of_negatives.empty()) return result;
  const double m = static_cast<double>(of_positives.size());
  const double n = static_cast<double>(of_negatives.size());
  const std::vector<double> all = midranks(score), among_positives = midranks(of_positives),
                            among_negatives = midranks(of_negatives);
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (positive[i]) {
      result.below.push_back((all[i] - among_positives[result.below.size()]) / n);
    } else {
      result.above.push_back(1 - (all[i] - among_negatives[result.above.size()]) / m);
    }
  }
  return result;
}

// Variance of the mean of x; NaN for a single value.
double variance_of_mean(const std::vector<double>& x) {
  const double n = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  double sum = 0;
  for (double v : x) sum += (v - mean) * (v - mean);
  return x.size() > 1 ? sum / (n - 1) / n : nan;
}

Auc auc_of(const Components& parts) {
  if (parts.below.empty()) return {nan, nan, nan};
  const double value = parts.area();
  const double half =
      z95 * std::sqrt(variance_of_mean(parts.below) + variance_of_mean(parts.above));
  if (std::isnan(half)) return {value, nan, nan};
  return {value, std::max(0.0, value - half), std::min(1.0, value + half)};
}

std::vector<double> minus(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

}  // namespace

Auc roc_auc(const std::vector<bool>& positive, const std::vector<double>& score) {
  return auc_of(components(positive, score));
}

// The variance of a difference of means is that of the mean of the differences: no covariances.
DelongTest delong_test(const std::vector<bool>& positive, const std::vector<double>& a,
                       const std::vector<double>& b) {
  const Components of_a = components(positive, a), of_b = components(positive, b);
  DelongTest test{auc_of(of_a), auc_of(of_b), {nan, nan, nan}, nan, nan};
  if (of_a.below.empty()) return test;
  const double difference = of_a.area() - of_b.area();
  const double deviation = std::sqrt(variance_of_mean(minus(of_a.below, of_b.below)) +
                                     variance_of_mean(minus(of_a.above, of_b.above)));
  test.difference = {difference, difference - z95 * deviation, difference + z95 * deviation};
  if (std::isnan(deviation)) return test;
  test.z = difference == 0 ? 0 : difference / deviation;
  test.p = std::erfc(std::abs(test.z) / std::sqrt(2.0));
  return test;
}

std::vector<RocPoint> roc_curve(const std::vector<bool>& positive,
                                const std::vector<double>& score) {
  check_scores(positive, score);
  std::vector<std::size_t> order(score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
  std::vector<RocPoint> curve = {{std::numeric_limits<double>::infinity(), 0, 0}};
  for (const std::size_t i : order) {
    if (score[i] != curve.back().threshold) {
      curve.push_back({score[i], curve.back().true_positives, curve.back().false_positives});
    }
    ++(positive[i] ? curve.back().true_positives : curve.back().false_positives);
  }
  return curve;
}

double average_precision(const std::vector<bool>& positive, const std::vector<double>& score) {
  const std::vector<RocPoint> curve = roc_curve(positive, score);
  const double positives = static_cast<double>(curve.back().true_positives);
  if (positives == 0) return nan;
  double area = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const auto hits = static_cast<double>(curve[i].true_positives);
    const auto called = hits + static_cast<double>(curve[i].false_positives);
    area +=
        hits / called *
        (static_cast<double>(curve[i].true_positives - curve[i - 1].true_positives) / positives);
  }
  return area;
}

}  // namespace hilum
