// Everything that is said of a network on a split, computed from its predictions alone: metrics,
// one named class at a threshold, calibration, bootstrap intervals. Temperature and threshold come
// from validation predictions, never from the images that are counted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/binary.h"
#include "data/calibration.h"
#include "data/metrics.h"
#include "data/prediction_table.h"

namespace hilum {

struct EvaluationOptions {
  std::string positive;              // class; empty: see positive_class()
  std::string threshold = "youden";  // rule, see choose_threshold()
  double prevalence = 0;             // 0: not given
  std::uint64_t seed = 0;            // of the bootstrap
};

// One class against the rest.
struct NamedClass {
  std::string name;
  BinaryMetrics counts;  // at the threshold
  std::string rule;      // how that was chosen
  Auc auc;
  double average_precision = 0;
  std::optional<PredictiveValues> at_prevalence;
};

struct Evaluation {
  EvaluationOptions options;
  std::string data;  // the set, where it is not the run's own
  std::string split;
  PredictionTable table;
  Metrics metrics;  // by the largest probability
  std::optional<NamedClass> positive;
  bool fitted = false;          // temperature and threshold come from validation images
  bool same_images = false;     // ... which are the ones counted here: then they flatter
  double temperature = 1;       // within [1 / most_temperature, most_temperature]
  bool bounded = false;         // ... and at one of them
  std::size_t val_images = 0;   // that it was fitted on
  Calibration raw, calibrated;  // without and with the temperature
  // WeightedMetrics' figures with intervals; whole groups are drawn where there are some.
  std::vector<Interval> bootstrap;
  bool grouped = false;
  std::size_t groups = 0;  // 0: unknown
};

// Logits are seldom off by more than this factor. What asks for more is a validation set on which
// the network makes no mistake (the best temperature is then 0), or one too small to tell.
inline constexpr double most_temperature = 5;

// `val`: the network's predictions of validation images, null where there are none.
Evaluation evaluate_table(const PredictionTable& table, const std::string& split,
                          const PredictionTable* val, const EvaluationOptions& options = {});

}  // namespace hilum
