// Does a network that says 80 % turn out right in 80 of 100? Temperature, expected calibration
// error, Brier score and the bins of a reliability diagram.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/rate.h"

namespace hilum {

// softmax(logits / temperature), row by row, computed in double. logits: n x classes.
std::vector<float> softmax_rows(const std::vector<float>& logits, std::size_t classes,
                                double temperature = 1);

// Mean cross-entropy in nats of softmax(logits / temperature).
double log_loss(const std::vector<float>& logits, const std::vector<std::int32_t>& labels,
                std::size_t classes, double temperature = 1);

// The temperature with the least log loss (Guo et al., On calibration of modern neural networks,
// 2017), within [0.05, 20]: to be fitted on validation images. It changes no prediction.
double fit_temperature(const std::vector<float>& logits, const std::vector<std::int32_t>& labels,
                       std::size_t classes);

// Images whose score lies in (low, high]; 0 belongs to the first bin.
struct ReliabilityBin {
  double low, high;
  double mean_score;  // NaN where empty
  Rate hits;
};
// `bins` of equal width over [0, 1].
std::vector<ReliabilityBin> reliability(const std::vector<double>& score,
                                        const std::vector<bool>& hit, std::size_t bins);

struct Calibration {
  // Of the predicted class: its probability against how often it is right, in 15 bins.
  std::vector<ReliabilityBin> bins;
  double ece;  // sum over bins of n / N |hits - mean score|
  // Mean squared distance of the probabilities from the truth, summed over classes (Brier 1950) and
  // halved, so that for two classes it is the mean of (p - y)^2.
  double brier;
};
Calibration calibration(const std::vector<std::int32_t>& labels,
                        const std::vector<float>& probability, std::size_t classes);

}  // namespace hilum
