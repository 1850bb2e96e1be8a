// Pictures that are the same but for size, compression, brightness or a cut edge, or so close that
// they show the same anatomy (the next slice of a thin scan). Three steps, each for what the one
// before lets through:
//
//   1. a hash of 256 bits, whether each point of a 17 x 16 picture is darker than its right-hand
//      neighbour (dHash): at most 64 bits may differ. All pairs of hashes are compared, 32 bytes
//      each and no pixel: at this radius no index of bands would leave anything out
//   2. the correlation of 16 x 16 pictures is at least 0.9
//   3. one 64 x 64 picture is moved, stretched and brightened until it fits the other
//      (fit_pictures.h); what is left of both after taking away their 5 x 5 means must correlate
//      with at least 0.9
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/survey.h"

namespace hilum {

using PerceptualHash = std::array<std::uint64_t, 4>;
PerceptualHash perceptual_hash(const Survey& survey, std::size_t item);

struct NearPair {
  std::size_t a, b;  // a < b
  double alike;      // correlation of fine detail after fitting, up to 1
};

struct NearSearch {
  std::vector<NearPair> pairs;           // in order of (a, b)
  std::size_t compared = 0, fitted = 0;  // pairs of hashes, pairs that came to step 3
};

// Among the images of `which` of a survey with side 64. Images of one gray level are like none.
NearSearch find_near_duplicates(const Survey& survey, const std::vector<std::size_t>& which);

}  // namespace hilum
