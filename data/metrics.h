// What labels and scores say about a classifier. Every rate is a count k of n with its Wilson
// interval; nothing here knows of tensors or networks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hilum {

// k of n, with the 95 % score interval of Wilson (1927). n = 0: value and bounds are NaN.
struct Rate {
  std::size_t k = 0, n = 0;
  double value() const;
  double low() const;
  double high() const;
};

struct ClassMetrics {
  std::string name;
  Rate precision, sensitivity, specificity;  // one against the rest
  double f1 = 0;
  double auc = 0, auc_low = 0,
         auc_high = 0;  // one-vs-rest; DeLong (1988) interval; NaN: one class only
};

struct Metrics {
  std::vector<std::string> classes;
  std::vector<std::size_t> confusion;  // classes x classes, row = truth, column = prediction
  Rate accuracy;
  Rate majority;  // the floor: always the most frequent class
  double balanced_accuracy = 0, macro_f1 = 0, macro_auc = 0, loss = 0;
  std::vector<ClassMetrics> by_class;
};

// probability: n x classes, rows sum to 1. Prediction: the largest, the first where equal.
Metrics compute_metrics(const std::vector<std::string>& classes,
                        const std::vector<std::int32_t>& labels,
                        const std::vector<float>& probability);

// Area under the ROC curve with ties counted half, and its DeLong 95 % interval (cut to [0, 1]).
struct Auc {
  double value, low, high;
};
Auc roc_auc(const std::vector<bool>& positive, const std::vector<double>& score);

}  // namespace hilum
