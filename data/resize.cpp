// Resizing: two passes over weighted sums of neighbouring pixels, rows first.
#include <algorithm>

#include "data/image.h"
#include "kernels/error.h"

namespace hilum {
namespace {

// Output sample o is the sum over k of weight[offset[o] + k] * input[first[o] + k].
struct Taps {
  std::vector<std::size_t> first, offset;
  std::vector<float> weight;
};

Taps make_taps(std::size_t in, std::size_t out) {
  Taps taps;
  taps.offset.push_back(0);
  const double step = static_cast<double>(in) / static_cast<double>(out);
  for (std::size_t o = 0; o < out; ++o) {
    if (in > out) {
      // Area average: the output pixel covers [o, o + 1) * step of the input axis.
      const double low = static_cast<double>(o) * step, high = low + step;
      const auto begin = static_cast<std::size_t>(low);
      taps.first.push_back(begin);
      double total = 0;
      const std::size_t base = taps.weight.size();
      for (std::size_t i = begin; i < in && static_cast<double>(i) < high; ++i) {
        const double x = static_cast<double>(i);
        const double overlap = std::min(high, x + 1) - std::max(low, x);
        taps.weight.push_back(static_cast<float>(overlap));
        total += overlap;
      }
      for (std::size_t k = base; k < taps.weight.size(); ++k) {
        taps.weight[k] /= static_cast<float>(total);
      }
    } else {
      // Bilinear with half-pixel centres; outside, the edge pixel goes on.
      const double centre = (static_cast<double>(o) + 0.5) * step - 0.5;
      const double x = std::clamp(centre, 0.0, static_cast<double>(in - 1));
      const auto begin = std::min(static_cast<std::size_t>(x), in < 2 ? 0 : in - 2);
      const double fraction = x - static_cast<double>(begin);
      taps.first.push_back(begin);
      taps.weight.push_back(static_cast<float>(1 - fraction));
      if (in >= 2) taps.weight.push_back(static_cast<float>(fraction));
    }
    taps.offset.push_back(taps.weight.size());
  }
  return taps;
}

template <std::size_t channels>
void resize_rows(const Image& in, Image& out) {
  const Taps rows = make_taps(in.height, out.height), columns = make_taps(in.width, out.width);
  const std::size_t line = in.width * channels;
  std::vector<float> sum(line);
  std::uint8_t* target = out.pixels.data();
  for (std::size_t y = 0; y < out.height; ++y) {
    std::fill(sum.begin(), sum.end(), 0.0f);
    const std::uint8_t* source = &in.pixels[rows.first[y] * line];
    for (std::size_t k = rows.offset[y]; k < rows.offset[y + 1]; ++k, source += line) {
      const float w = rows.weight[k];
#pragma omp simd
      for (std::size_t i = 0; i < line; ++i) sum[i] += w * static_cast<float>(source[i]);
    }
    for (std::size_t x = 0; x < out.width; ++x) {
      float value[channels] = {};
      const float* from = &sum[columns.first[x] * channels];
      for (std::size_t k = columns.offset[x]; k < columns.offset[x + 1]; ++k) {
        for (std::size_t c = 0; c < channels; ++c) value[c] += columns.weight[k] * *from++;
      }
      for (std::size_t c = 0; c < channels; ++c) {
        *target++ = static_cast<std::uint8_t>(std::clamp(value[c] + 0.5f, 0.0f, 255.0f));
      }
    }
  }
}

}  // namespace

Image resize(const Image& image, std::size_t height, std::size_t width) {
  if (height == 0 || width == 0 || image.pixels.empty()) {
    throw usage_error("resize of {} x {} to {} x {}: no side may be zero.", image.height,
                      image.width, height, width);
  }
  if (height == image.height && width == image.width) return image;
  Image result{height, width, image.channels, {}};
  result.pixels.resize(height * width * image.channels);
  image.channels == 1 ? resize_rows<1>(image, result) : resize_rows<3>(image, result);
  return result;
}

}  // namespace hilum
