// Runs of alike images where no patient is named. Sets are often written out scan after scan, so
// that neighbours in the order of file names are slices of one patient; a split drawn image by
// image then has the same patient on both sides. Here is measured how much the order tells, and
// every run of alike neighbours is made a group.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/survey.h"

namespace hilum {

struct GroupFinding {
  std::size_t images = 0;
  // How many places apart in order an image and the one most like it stand, median; and what that
  // would be if order told nothing.
  double distance = 0, distance_by_chance = 0;
  double near = 0, near_by_chance = 0;  // share at most two places apart
  // Median correlation of neighbours in order, and of two images anywhere in the same folder.
  double alike_next = 0, alike_any = 0;
  double threshold = 0;      // of correlation, from which two images count as alike
  bool order_tells = false;  // neighbours in order are more alike than chance would make them

  std::vector<std::string> group;  // for each image of the set; empty where it cannot be read
  std::size_t groups = 0, largest = 0;
};

// Order is that of file names within a folder, numbers compared as numbers. A run goes on as long
// as one of the last three images and one of the next three are alike: a correlation that only 1 in
// 100 pairs of the same folder reaches that stand far apart, and sides that differ by less than a
// fifth. Where order tells nothing, every image is a group of its own.
GroupFinding find_groups(const Dataset& dataset, const Survey& survey);

// Contiguous blocks of `length` files in the same order: the most careful split of a set without
// patients. "<folder>:<number of the block>" for each image.
std::vector<std::string> block_groups(const Dataset& dataset, std::size_t length);

// 2 before 10, "a2b" before "a10a".
bool natural_less(const std::string& a, const std::string& b);

std::string describe(const GroupFinding& finding);

}  // namespace hilum
