// What labels and probabilities say about a classifier of any number of classes, from the largest
// probability. Every rate is a count k of n with its Wilson interval; nothing here knows of tensors
// or networks. One class at a threshold: binary.h. Curves and areas: roc.h. Probabilities as such:
// calibration.h. Other intervals: bootstrap.h. Comparisons: significance.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/rate.h"
#include "data/roc.h"

namespace hilum {

struct ClassMetrics {
  std::string name;
  Rate precision, sensitivity, specificity, npv;  // one against the rest
  double f1 = 0;
  double auc = 0, auc_low = 0,
         auc_high = 0;  // one-vs-rest; DeLong (1988) interval; NaN: one class only
  double average_precision = 0;
};

// What the table of truths (rows) and predictions (columns) alone says. Means are over the classes
// for which the figure is defined.
struct ConfusionFigures {
  Rate accuracy;
  Rate majority;  // the floor: always the most frequent class
  double balanced_accuracy = 0, macro_f1 = 0;
  // Matthews' coefficient for any number of classes (Gorodkin, Comparing two K-category assignments
  // by a K-category correlation coefficient, 2004); 0 where all truths or all predictions are one
  // class.
  double mcc = 0;
};
ConfusionFigures confusion_figures(const std::vector<std::size_t>& confusion, std::size_t classes);

struct Metrics : ConfusionFigures {
  std::vector<std::string> classes;
  std::vector<std::size_t> confusion;  // classes x classes, row = truth, column = prediction
  double macro_auc = 0, loss = 0;
  std::vector<ClassMetrics> by_class;
};

// probability: n x classes, rows sum to 1. Prediction: the largest, the first where equal.
Metrics compute_metrics(const std::vector<std::string>& classes,
                        const std::vector<std::int32_t>& labels,
                        const std::vector<float>& probability);

// Class c against the rest, as roc.h and binary.h take it.
struct OneVsRest {
  std::vector<bool> positive;
  std::vector<double> score;
};
OneVsRest one_vs_rest(const std::vector<std::int32_t>& labels,
                      const std::vector<float>& probability, std::size_t classes, std::size_t c);

// Mean over the values that are not NaN; NaN where none is.
double mean_of_defined(const std::vector<double>& values);

}  // namespace hilum
