// Temperature scaling and how far probabilities are from frequencies.
#include "data/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hilum {
namespace {

constexpr std::size_t ece_bins = 15;

// Slope of the log loss in 1 / temperature: mean over images of E_p[z] - z_truth. It rises all the
// way, since the loss is convex in 1 / temperature.
double slope(const std::vector<float>& logits, const std::vector<std::int32_t>& labels,
             std::size_t classes, double inverse) {
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float* z = logits.data() + i * classes;
    const double top = *std::max_element(z, z + classes);
    double total = 0, weighted = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      const double e = std::exp((z[c] - top) * inverse);
      total += e;
      weighted += e * (z[c] - top);
    }
    sum += weighted / total - (z[labels[i]] - top);
  }
  return sum / static_cast<double>(labels.size());
}

}  // namespace

std::vector<float> softmax_rows(const std::vector<float>& logits, std::size_t classes,
                                double temperature) {
  std::vector<float> result(logits.size());
  for (std::size_t row = 0; row < logits.size(); row += classes) {
    const float* z = logits.data() + row;
    const double top = *std::max_element(z, z + classes);
    double total = 0;
    for (std::size_t c = 0; c < classes; ++c) total += std::exp((z[c] - top) / temperature);
    for (std::size_t c = 0; c < classes; ++c) {
      result[row + c] = static_cast<float>(std::exp((z[c] - top) / temperature) / total);
    }
  }
  return result;
}

double log_loss(const std::vector<float>& logits, const std::vector<std::int32_t>& labels,
                std::size_t classes, double temperature) {
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float* z = logits.data() + i * classes;
    const double top = *std::max_element(z, z + classes);
    double total = 0;
    for (std::size_t c = 0; c < classes; ++c) total += std::exp((z[c] - top) / temperature);
    sum += std::log(total) + (top - z[labels[i]]) / temperature;
  }
  return sum / static_cast<double>(labels.size());
}

double fit_temperature(const std::vector<float>& logits, const std::vector<std::int32_t>& labels,
                       std::size_t classes) {
  double low = 1 / 20.0, high = 1 / 0.05;  // of 1 / temperature
  if (labels.empty()) return 1;
  for (int step = 0; step < 100 && high - low > 1e-14 * high; ++step) {
    const double middle = (low + high) / 2;
    (slope(logits, labels, classes, middle) < 0 ? low : high) = middle;
  }
  return 2 / (low + high);
}

std::vector<ReliabilityBin> reliability(const std::vector<double>& score,
                                        const std::vector<bool>& hit, std::size_t bins) {
  const auto count = static_cast<double>(bins);
  std::vector<ReliabilityBin> result(bins);
  std::vector<double> sum(bins);
  for (std::size_t i = 0; i < score.size(); ++i) {
    const auto above = static_cast<std::size_t>(std::max(0.0, std::ceil(score[i] * count) - 1));
    const std::size_t bin = std::min(above, bins - 1);
    sum[bin] += score[i];
    ++result[bin].hits.n;
    result[bin].hits.k += hit[i] ? 1 : 0;
  }
  for (std::size_t b = 0; b < bins; ++b) {
    result[b].low = static_cast<double>(b) / count;
    result[b].high = static_cast<double>(b + 1) / count;
    result[b].mean_score = result[b].hits.n == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                 : sum[b] / static_cast<double>(result[b].hits.n);
  }
  return result;
}

Calibration calibration(const std::vector<std::int32_t>& labels,
                        const std::vector<float>& probability, std::size_t classes) {
  std::vector<double> confidence;
  std::vector<bool> right;
  double squares = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float* p = probability.data() + i * classes;
    const auto top = std::max_element(p, p + classes) - p;
    confidence.push_back(p[top]);
    right.push_back(top == labels[i]);
    for (std::size_t c = 0; c < classes; ++c) {
      const double distance = p[c] - (static_cast<std::size_t>(labels[i]) == c ? 1.0 : 0.0);
      squares += distance * distance;
    }
  }
  const auto n = static_cast<double>(labels.size());
  Calibration result{reliability(confidence, right, ece_bins), 0, squares / n / 2};
  for (const ReliabilityBin& bin : result.bins) {
    if (bin.hits.n == 0) continue;
    result.ece += static_cast<double>(bin.hits.n) / n * std::abs(bin.hits.value() - bin.mean_score);
  }
  return result;
}

}  // namespace hilum
