// Intervals for figures that no formula covers, and for all figures where images of one patient are
// not independent: draw whole groups (patients) again and again, and look how the figure varies.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/rate.h"

namespace hilum {

// The figures of one resample, in which image i occurs weight[i] times.
using Statistic = std::function<std::vector<double>(const std::vector<std::uint32_t>& weight)>;

// Percentile intervals (Efron) of each figure that `statistic` returns; the value is that of the
// images as they are. groups: one name an image; an image with an empty one is a group of its own.
// Resamples where a figure is NaN (a class was not drawn) are left out of its interval. The same
// seed gives the same bits for any number of threads; `statistic` is called from several.
std::vector<Interval> cluster_bootstrap(const std::vector<std::string>& groups,
                                        const Statistic& statistic, std::uint64_t seed = 0,
                                        std::size_t resamples = 2000);

// accuracy, balanced accuracy, macro F1, MCC and macro AUC (one-vs-rest) of a weighted set, each as
// compute_metrics() defines it. Scores are sorted once, so a resample costs n x classes.
class WeightedMetrics {
 public:
  enum { accuracy, balanced_accuracy, macro_f1, mcc, macro_auc, count };
  WeightedMetrics(const std::vector<std::int32_t>& labels, const std::vector<float>& probability,
                  std::size_t classes);
  std::vector<double> operator()(const std::vector<std::uint32_t>& weight) const;

 private:
  double auc(std::size_t c, const std::vector<std::uint32_t>& weight) const;
  std::size_t classes_;
  std::vector<std::size_t> labels_, predictions_;
  std::vector<float> probability_;
  std::vector<std::vector<std::size_t>> order_;  // by class: images from its lowest score upwards
};

}  // namespace hilum
