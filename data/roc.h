// One class against the rest by a score: ROC and precision-recall curves, the areas under them, and
// DeLong's interval and test for the area under the ROC curve. Ties count half.
#pragma once

#include <cstddef>
#include <vector>

#include "data/rate.h"

namespace hilum {

// Area under the ROC curve with its DeLong 95 % interval (cut to [0, 1]). NaN where one of the two
// sides is empty; bounds NaN where one side is a single image. A usage error for NaN scores.
using Auc = Interval;
Auc roc_auc(const std::vector<bool>& positive, const std::vector<double>& score);

// How many of each side score at least `threshold`.
struct RocPoint {
  double threshold;
  std::size_t true_positives, false_positives;
};
// From (infinity, 0, 0) down through every different score: the corners of the curve.
std::vector<RocPoint> roc_curve(const std::vector<bool>& positive,
                                const std::vector<double>& score);

// Area under the precision-recall curve as the sum of precision x gain in recall over its steps
// (no interpolation, which would flatter). NaN without positives.
double average_precision(const std::vector<bool>& positive, const std::vector<double>& score);

// Do two scores of the same images order them equally well? Paired test of DeLong, DeLong and
// Clarke-Pearson (1988).
struct DelongTest {
  Auc a, b;
  Interval difference;  // a - b
  double z, p;          // two-sided; 0 and 1 where the scores order alike
};
DelongTest delong_test(const std::vector<bool>& positive, const std::vector<double>& a,
                       const std::vector<double>& b);

}  // namespace hilum
