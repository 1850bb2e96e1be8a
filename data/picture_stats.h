// What the classes of a set look like on average, and along which directions they differ.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/image.h"
#include "data/survey.h"
#include "engine/pca.h"

namespace hilum {

// Of one class, over its small pictures (side x side, as the survey has them).
struct ClassPicture {
  std::string name;
  std::size_t images = 0;
  Image mean, deviation;          // deviation: four times as bright, to be seen
  std::vector<double> histogram;  // share of pixels with each of the 256 gray levels
};
std::vector<ClassPicture> class_pictures(const Dataset& dataset, const Survey& survey);

// Principal components of the usable images of `which` as rows of side x side in [0, 1].
struct PictureComponents {
  std::vector<std::size_t> which;
  Pca pca;
  std::vector<float> scores;         // which x k
  std::vector<double> separability;  // of each component, the share of its variance that lies
                                     // between the classes, 0 to 1 (correlation ratio)
};
PictureComponents picture_components(const Dataset& dataset, const Survey& survey,
                                     const std::vector<std::size_t>& which, std::size_t k,
                                     const PcaOptions& options = {});

// Component j as a picture: mid-gray is zero.
Image component_picture(const Pca& pca, std::size_t j);
Image mean_picture(const Pca& pca);
// The mean and the first k components put together again: what a network sees that is trained on
// principal components.
Image rebuilt_picture(const PictureComponents& components, const Survey& survey, std::size_t item);
// The images as dots over their first two components, a colour for each class.
Image scatter_picture(const Dataset& dataset, const PictureComponents& components,
                      std::size_t side = 480);

}  // namespace hilum
