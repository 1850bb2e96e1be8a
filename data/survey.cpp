// Reads, hashes, measures and shrinks, one file a thread.
#include "data/survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/file.h"

namespace hilum {
namespace {

// Gray by ITU-R 601, and how far the channels are apart on average.
Image to_gray(const Image& image, double& colour) {
  if (image.channels == 1) return image;
  Image gray{image.height, image.width, 1, {}};
  gray.pixels.reserve(image.height * image.width);
  std::size_t apart = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    const int r = image.pixels[i], g = image.pixels[i + 1], b = image.pixels[i + 2];
    gray.pixels.push_back(static_cast<std::uint8_t>((299 * r + 587 * g + 114 * b + 500) / 1000));
    apart += static_cast<std::size_t>(std::max({r, g, b}) - std::min({r, g, b}));
  }
  colour = static_cast<double>(apart) / static_cast<double>(gray.pixels.size());
  return gray;
}

void measure_gray(const Image& gray, Look& look) {
  std::uint64_t sum = 0, squares = 0;
  for (const std::uint64_t v : gray.pixels) sum += v, squares += v * v;
  const double n = static_cast<double>(gray.pixels.size());
  look.mean = static_cast<double>(sum) / n;
  look.deviation =
      std::sqrt(std::max(0.0, static_cast<double>(squares) / n - look.mean * look.mean));
}

Digest digest_of(const Image& image) {
  std::string bytes = fmt::format("{}x{}x{}:", image.height, image.width, image.channels);
  bytes.append(image.pixels.begin(), image.pixels.end());
  return sha256(bytes.data(), bytes.size());
}

Look look_at(const Item& item, std::size_t side, std::uint8_t* picture) {
  Look look;
  const std::string path = item.path.string();
  try {
    const std::string bytes = read_file(item.path);
    look.bytes = bytes.size();
    look.file = sha256(bytes.data(), bytes.size());
    look.info = image_info(bytes, path);
    const Image image = decode_scan(bytes, look.info.channels < 3 ? 1 : 3, path);
    const Image gray = to_gray(image, look.colour);
    look.pixels = digest_of(look.colour > 0 ? image : gray);
    measure_gray(gray, look);
    const Image small = resize(gray, side, side);
    std::copy(small.pixels.begin(), small.pixels.end(), picture);
  } catch (const std::exception& error) {
    const std::string_view what = error.what();
    look.fault = what.starts_with(path) ? what.substr(path.size() + 2) : what;
  }
  return look;
}

}  // namespace

Survey make_survey(const Dataset& dataset, std::size_t side, const SurveyProgress& progress) {
  Survey survey;
  survey.side = side;
  survey.looks.resize(dataset.items.size());
  survey.pictures.resize(dataset.items.size() * side * side);
  std::size_t done = 0;
#pragma omp parallel for schedule(dynamic, 16)
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    survey.looks[i] = look_at(dataset.items[i], side, &survey.pictures[i * side * side]);
    if (!progress) continue;
#pragma omp critical(hilum_survey)
    progress(++done);
  }
  return survey;
}

}  // namespace hilum
