// Sums over pictures, and pictures of sums.
#include "data/picture_stats.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hilum {
namespace {

std::uint8_t level(double v) { return static_cast<std::uint8_t>(std::clamp(v + 0.5, 0.0, 255.0)); }

std::vector<float> as_rows(const Survey& survey, const std::vector<std::size_t>& which) {
  const std::size_t d = survey.side * survey.side;
  std::vector<float> rows(which.size() * d);
  for (std::size_t n = 0; n < which.size(); ++n)
    for (std::size_t x = 0; x < d; ++x)
      rows[n * d + x] = static_cast<float>(survey.picture(which[n])[x]) / 255;
  return rows;
}

std::size_t side_of(const Pca& pca) {
  return static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(pca.d))));
}

// Between-class sum of squares over total, of one column of scores.
double correlation_ratio(const Dataset& dataset, const PictureComponents& c, std::size_t column) {
  std::vector<double> sum(dataset.classes.size()), count(dataset.classes.size());
  double all = 0, squares = 0;
  for (std::size_t n = 0; n < c.which.size(); ++n) {
    const double v = c.scores[n * c.pca.k + column];
    sum[dataset.items[c.which[n]].label] += v;
    ++count[dataset.items[c.which[n]].label];
    all += v, squares += v * v;
  }
  const double mean = all / static_cast<double>(c.which.size());
  double between = 0;
  for (std::size_t k = 0; k < sum.size(); ++k)
    if (count[k] > 0) between += count[k] * std::pow(sum[k] / count[k] - mean, 2);
  const double total = squares - mean * all;
  return total > 0 ? between / total : 0;
}

}  // namespace

std::vector<ClassPicture> class_pictures(const Dataset& dataset, const Survey& survey) {
  const std::size_t d = survey.side * survey.side;
  std::vector<ClassPicture> result;
  for (std::size_t c = 0; c < dataset.classes.size(); ++c) {
    std::vector<double> sum(d), squares(d), histogram(256);
    double n = 0;
    for (std::size_t i = 0; i < dataset.items.size(); ++i) {
      if (dataset.items[i].label != c || !survey.usable(i)) continue;
      const std::uint8_t* picture = survey.picture(i);
      for (std::size_t x = 0; x < d; ++x) {
        const double v = picture[x];
        sum[x] += v, squares[x] += v * v;
        ++histogram[picture[x]];
      }
      ++n;
    }
    ClassPicture one{dataset.classes[c],
                     static_cast<std::size_t>(n),
                     {survey.side, survey.side, 1, std::vector<std::uint8_t>(d)},
                     {survey.side, survey.side, 1, std::vector<std::uint8_t>(d)},
                     histogram};
    n = std::max(n, 1.0);
    for (double& share : one.histogram) share /= n * static_cast<double>(d);
    for (std::size_t x = 0; x < d; ++x) {
      const double mean = sum[x] / n;
      one.mean.pixels[x] = level(mean);
      one.deviation.pixels[x] = level(4 * std::sqrt(std::max(0.0, squares[x] / n - mean * mean)));
    }
    result.push_back(std::move(one));
  }
  return result;
}

PictureComponents picture_components(const Dataset& dataset, const Survey& survey,
                                     const std::vector<std::size_t>& which, std::size_t k,
                                     const PcaOptions& options) {
  PictureComponents result;
  for (const std::size_t i : which)
    if (survey.usable(i)) result.which.push_back(i);
  const std::vector<float> rows = as_rows(survey, result.which);
  const std::size_t n = result.which.size();
  result.pca = fit_pca(rows.data(), n, survey.side * survey.side, k, options);
  result.scores = result.pca.scores(rows.data(), n, options.device);
  for (std::size_t j = 0; j < result.pca.k; ++j)
    result.separability.push_back(correlation_ratio(dataset, result, j));
  return result;
}

Image component_picture(const Pca& pca, std::size_t j) {
  const std::size_t side = side_of(pca);
  Image image{side, side, 1, {}};
  const float* row = &pca.components[j * pca.d];
  float largest = 1e-12f;
  for (std::size_t x = 0; x < pca.d; ++x) largest = std::max(largest, std::abs(row[x]));
  for (std::size_t x = 0; x < pca.d; ++x)
    image.pixels.push_back(level(127.5 + 127.5 * row[x] / largest));
  return image;
}

Image mean_picture(const Pca& pca) {
  Image image{side_of(pca), side_of(pca), 1, {}};
  for (const float v : pca.mean) image.pixels.push_back(level(255 * v));
  return image;
}

Image rebuilt_picture(const PictureComponents& components, const Survey& survey, std::size_t item) {
  const Pca& pca = components.pca;
  const std::vector<float> score = pca.scores(as_rows(survey, {item}).data(), 1);
  std::vector<double> values(pca.mean.begin(), pca.mean.end());
  for (std::size_t j = 0; j < pca.k; ++j)
    for (std::size_t x = 0; x < pca.d; ++x) values[x] += score[j] * pca.components[j * pca.d + x];
  Image image{survey.side, survey.side, 1, {}};
  for (const double v : values) image.pixels.push_back(level(255 * v));
  return image;
}

Image scatter_picture(const Dataset& dataset, const PictureComponents& components,
                      std::size_t side) {
  // Colours that people with any colour vision can tell apart (Okabe and Ito 2008).
  static constexpr std::array<std::array<std::uint8_t, 3>, 8> colours = {{{0, 114, 178},
                                                                          {213, 94, 0},
                                                                          {0, 158, 115},
                                                                          {204, 121, 167},
                                                                          {230, 159, 0},
                                                                          {86, 180, 233},
                                                                          {240, 228, 66},
                                                                          {0, 0, 0}}};
  const std::size_t k = components.pca.k, second = k > 1 ? 1 : 0;
  Image image{side, side, 3, std::vector<std::uint8_t>(side * side * 3, 255)};
  double reach = 1e-12;
  for (std::size_t n = 0; n < components.which.size(); ++n)
    for (const std::size_t j : {std::size_t{0}, second})
      reach = std::max<double>(reach, std::abs(components.scores[n * k + j]));
  const auto place = [&](float v) {
    const double at = (static_cast<double>(v) / reach * 0.48 + 0.5) * static_cast<double>(side);
    return std::clamp<std::size_t>(static_cast<std::size_t>(at), 2, side - 3);
  };
  for (std::size_t n = 0; n < components.which.size(); ++n) {
    const auto& colour = colours[dataset.items[components.which[n]].label % colours.size()];
    const std::size_t x = place(components.scores[n * k]),
                      y = side - 1 - place(components.scores[n * k + second]);
    for (std::size_t dy = y - 1; dy <= y + 1; ++dy)
      for (std::size_t dx = x - 1; dx <= x + 1; ++dx)
        std::copy(colour.begin(), colour.end(), &image.pixels[(dy * side + dx) * 3]);
  }
  return image;
}

}  // namespace hilum
