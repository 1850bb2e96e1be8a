// One reading of every file of a set, from which all else in the audit is computed: hashes, what
// the container says, gray levels, a small gray picture. The pixels themselves are not kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/digest.h"
#include "data/image.h"

namespace hilum {

// What one file shows.
struct Look {
  std::string fault;  // why it cannot be used; empty where it can. The rest is then not filled.
  ImageInfo info;
  std::size_t bytes = 0;
  Digest file = {};                // of the file
  Digest pixels = {};              // of size and decoded pixels; colour with equal channels is gray
  double mean = 0, deviation = 0;  // of its gray levels, 0 to 255
  double colour = 0;               // mean of the largest less the smallest channel, 0 to 255
};

struct Survey {
  std::size_t side = 0;
  std::vector<Look> looks;             // one for each item
  std::vector<std::uint8_t> pictures;  // items x side x side, gray; zeros where there is a fault

  const std::uint8_t* picture(std::size_t item) const { return &pictures[item * side * side]; }
  bool usable(std::size_t item) const { return looks[item].fault.empty(); }
};

using SurveyProgress = std::function<void(std::size_t done)>;  // called by one thread at a time

inline constexpr std::size_t survey_side = 64;

// Decodes every file once, in parallel.
Survey make_survey(const Dataset& dataset, std::size_t side = survey_side,
                   const SurveyProgress& progress = {});

}  // namespace hilum
