// How alike two images are, from their small pictures: the correlation of gray levels, 1 for the
// same picture whatever its brightness and contrast.
#pragma once

#include <cstddef>
#include <vector>

#include "data/survey.h"

namespace hilum {

// Pictures of `side` x side pixels less their mean, scaled to length 1, so that a product of two is
// their correlation. An image of one gray level is all zeros and like none.
struct Pictures {
  std::size_t d = 0;
  std::vector<float> rows;  // one for each image of `which`

  std::size_t count() const { return d == 0 ? 0 : rows.size() / d; }
  double correlation(std::size_t i, std::size_t j) const;
};
Pictures unit_pictures(const Survey& survey, const std::vector<std::size_t>& which,
                       std::size_t side = 32);

// For each query the reference most like it, the first where several are. With `same` the two are
// one list and an image is not compared with itself; SIZE_MAX where there is no other.
std::vector<std::size_t> nearest_references(const Pictures& queries, const Pictures& references,
                                            bool same);

}  // namespace hilum
