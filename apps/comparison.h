// Several networks on the same images, computed from their predictions alone: mean and deviation
// over seeds, the ensemble of the seeds, pairwise tests, and a ranking that says where it cannot
// tell.
//
// A network is judged by the ensemble of its seeds (mean probability), so that there is one
// prediction an image and the tests do not depend on which seed is taken.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/evaluation.h"
#include "data/significance.h"

namespace hilum {

// Means over a network's runs; time and memory are of this machine and never the same twice.
struct RunCost {
  double parameters = 0, mflop = 0, seconds = 0, peak_mib = 0, best_epoch = 0;
};

enum class Kind { probe, network, variation };  // variation: ensembles of networks, augmented ones

struct Contender {
  std::string name, note;
  Kind kind = Kind::network;
  std::vector<Metrics> seeds;  // of each seed, its folds put together; empty for probes
  std::vector<Metrics> val;    // the same on validation images: what to choose by
  Evaluation evaluation;       // of the ensemble of the seeds
  RunCost cost;
  std::size_t planned = 0;  // runs, of which some may have failed

  Rate pooled_accuracy() const;  // over all seeds
};

struct Pair {
  std::size_t a = 0, b = 0;  // into Comparison::rows
  Interval accuracy, auc;    // a - b, with paired bootstrap intervals (whole groups)
  Mcnemar mcnemar;
  // Of the areas: DeLong's paired test for two classes of independent images; else from the spread
  // of the bootstrap's differences, taken as normal.
  double auc_p = 0;
  double mcnemar_holm = 1, auc_holm = 1;
  bool differs() const;  // by either test at 5 % after Holm
};

// A network's accuracy less a probe's, with its paired bootstrap interval.
struct Lead {
  std::size_t network = 0, probe = 0;  // into Comparison::rows
  Interval accuracy;
  bool clear() const { return accuracy.low > 0; }
};

struct Failure {
  std::string run, reason;
};

struct Comparison {
  std::string data, split;
  std::vector<Contender> rows;       // probes first, then networks as asked for, then variations
  std::vector<Pair> pairs;           // of networks
  std::vector<Lead> leads;           // over each probe but that of shuffled labels
  std::vector<std::size_t> ranking;  // networks, best area of the ensemble first
  std::vector<Failure> failures;
  std::vector<std::string> searched;  // a line a network
  std::vector<std::string> warnings;
};

// A lead in accuracy on the images that both have.
Interval lead_over(const Evaluation& network, const Evaluation& probe);

// Fills pairs, leads, ranking and warnings from rows.
void compare_rows(Comparison& comparison);

// "0.712 ± 0.021", or the value alone where there is one.
std::string mean_text(const std::vector<double>& values);
std::vector<double> aucs(const std::vector<Metrics>& of);

std::vector<std::vector<std::string>> score_table(const Comparison& comparison);
std::vector<std::vector<std::string>> pair_table(const Comparison& comparison);
// Probes below each other, networks beside each other; a lead that is not clear has a star.
std::vector<std::vector<std::string>> lead_table(const Comparison& comparison);
std::string lead_text(const Interval& lead);  // "+3.1 [-2.0, +8.2] *", in points
std::vector<std::vector<std::string>> cost_table(const Comparison& comparison);
// How differences of areas were tested.
std::string area_test(const Comparison& comparison);
// A sentence a network, best first, and what may be concluded.
std::vector<std::string> ranking_lines(const Comparison& comparison);

std::string comparison_text(const Comparison& comparison);
// Scores and tests, without time and memory: the same bytes whenever the same runs are compared.
std::string comparison_csv(const Comparison& comparison);
nlohmann::json comparison_json(const Comparison& comparison);

}  // namespace hilum
