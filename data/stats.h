// What a set looks like before anything is learned from it: how many, how large, in which form. A
// class that differs from another in format, size or brightness can be told apart without looking
// at a lung, so these figures stand by class.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace hilum {

// Of one class, over all splits; images that cannot be read are counted in `bad` only.
struct ClassStats {
  std::string name;
  std::map<std::string, std::size_t> by_split;  // "" where the set has no splits; with bad ones
  std::size_t groups = 0;                       // different ones; 0 where unknown
  // Lowest, median and highest; the median of an even number is the lower of the two in the middle.
  std::size_t width[3] = {}, height[3] = {};
  std::map<std::string, std::size_t> formats;  // "png", "jpeg", "jpeg named .png", …
  std::map<std::string, std::size_t> colours;  // "gray 8-bit", "colour 8-bit palette", …
  double mean_gray = 0, deviation_gray = 0;    // of the images' mean gray levels, 0 to 255
  std::size_t bad = 0;
};

struct DataStats {
  std::string root;
  std::vector<ClassStats> classes;
  std::vector<std::string> splits;
  std::vector<std::string> bad;  // "path: reason"
  std::vector<std::string> notes;
};

// Decodes every image once, in parallel.
DataStats compute_stats(const Dataset& dataset);

// A table for people, and the same for programs.
std::string format_stats(const DataStats& stats);
nlohmann::json to_json(const DataStats& stats);

}  // namespace hilum
