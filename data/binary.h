// One class, named positive, against the rest at a threshold: what a test in a clinic is described
// by. The threshold is chosen on validation images, never on those that are then counted.
#pragma once

#include <string>
#include <vector>

#include "data/rate.h"

namespace hilum {

struct BinaryMetrics {
  double threshold = 0.5;  // positive is called where score >= threshold
  std::size_t true_positives = 0, false_positives = 0, false_negatives = 0, true_negatives = 0;

  Rate sensitivity() const { return {true_positives, true_positives + false_negatives}; }
  Rate specificity() const { return {true_negatives, true_negatives + false_positives}; }
  Rate ppv() const { return {true_positives, true_positives + false_positives}; }
  Rate npv() const { return {true_negatives, true_negatives + false_negatives}; }
  Rate accuracy() const {
    return {true_positives + true_negatives,
            true_positives + false_positives + false_negatives + true_negatives};
  }
  double f1() const;                 // 2 tp / (2 tp + fp + fn); NaN where that is 0 / 0
  double balanced_accuracy() const;  // (sensitivity + specificity) / 2
  // Matthews (1975). 0 where a row or column of the table is empty, as it is for a guess.
  double mcc() const;
};

BinaryMetrics binary_metrics(const std::vector<bool>& positive, const std::vector<double>& score,
                             double threshold);

// How a threshold is chosen:
//   "youden"           the largest sensitivity + specificity
//   "sensitivity=0.95" the highest threshold whose sensitivity reaches that; likewise specificity=,
//                      the lowest
//   "0.3"              that number
// Candidates lie halfway between neighbouring scores; of equals the one nearest to 0.5 is taken.
// Usage errors: no such rule; a rule other than a number where one side has no image.
double choose_threshold(const std::string& rule, const std::vector<bool>& positive,
                        const std::vector<double>& score);

// What a positive and a negative call are worth where `prevalence` of the people have it (Bayes),
// with the values at both rates' lower and at both rates' upper Wilson bounds. A set made half of
// patients says nothing about that by itself.
struct PredictiveValues {
  double prevalence;
  Interval ppv, npv;
};
PredictiveValues predictive_values(const BinaryMetrics& metrics, double prevalence);

// Which of the class names is meant as the positive one: `asked`, which must be one of them, or, of
// two classes, the one whose name does not deny it ("NonCOVID", "normal", "negative", "healthy");
// of two others the first. More classes: none unless asked for (classes.size() is returned).
std::size_t positive_class(const std::vector<std::string>& classes, const std::string& asked);

}  // namespace hilum
