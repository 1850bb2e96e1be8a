// What can be told without a network: floors and controls, to be printed above every network's row.
// A network that does not beat them has learned nothing about lungs, or nothing at all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/metrics.h"
#include "data/survey.h"
#include "kernels/row.h"

namespace hilum {

struct ProbeResult {
  std::string name;                  // "nearest neighbour", …
  std::string shows;                 // one line: what it sees, and what it means when it does well
  std::vector<float> probability;    // of each image of the second split, classes: rows sum to 1
  std::vector<std::int32_t> labels;  // that it is scored against (shuffled by the last probe)
  Rate accuracy;                     // k of n
  double auc = 0;                    // macro, one against the rest; NaN where a class is missing
};

struct ProbeOptions {
  std::string train = "train", test = "test";  // splits
  std::uint64_t seed = 0;
  Device device = Device::cpu;
};

// In this order:
//   majority            the most frequent class of the training images
//   nearest neighbour   the class of the training image most alike at 32 x 32 pixels (cosine of
//                       gray levels less their mean); does well where images of one patient, or
//                       copies, stand on both sides
//   pca + logistic      principal components of 64 x 64 pixels, logistic regression
//   container only      format, colour type, size and bytes of the file; no pixel is looked at
//   frame only          the outer 6 of 64 x 64 pixels, as pca + logistic
//   centre blanked      all but the middle two thirds, as pca + logistic
//   shuffled labels     nearest neighbour after the labels were dealt anew to whole groups; above
//                       chance only where groups stand on both sides (Yagis et al. 2021). Groups
//                       are the set's own or, without any, runs of alike images (groups.h)
// Images that cannot be read are left out of both splits. Data errors: a split without images, a
// training split with less than two classes.
std::vector<ProbeResult> run_probes(const Dataset& dataset, const ProbeOptions& options = {});
// The same from a survey of side survey_side that was made already.
std::vector<ProbeResult> run_probes(const Dataset& dataset, const Survey& survey,
                                    const ProbeOptions& options);

// Indices of the usable images of a split, in order: what the rows of `probability` stand for.
std::vector<std::size_t> probed_images(const Dataset& dataset, const Survey& survey,
                                       const std::string& split);

}  // namespace hilum
