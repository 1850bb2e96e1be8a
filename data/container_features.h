// What a file tells without a look at its pixels, as numbers for a linear model: which format,
// name ending and colour type (one column each), and sizes, both as logarithms and in tenths of
// the training images, since a class may have sizes of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/survey.h"

namespace hilum {

class ContainerFeatures {
 public:
  // Learns the columns from the images of `train`.
  ContainerFeatures(const Dataset& dataset, const Survey& survey,
                    const std::vector<std::size_t>& train);
  std::size_t d() const;
  std::vector<float> rows(const std::vector<std::size_t>& which) const;  // an image a row

 private:
  const Dataset& dataset_;
  const Survey& survey_;
  std::map<std::string, std::size_t> kinds_;
  std::vector<std::vector<double>> limits_;  // of each size, the bounds between its tenths
};

// "jpeg named .png", "png": the format, and the ending of the name where it says something else.
std::string format_of(const ImageInfo& info, const std::filesystem::path& path);
// "gray 8-bit", "colour+alpha 8-bit palette".
std::string colour_of(const ImageInfo& info);

}  // namespace hilum
