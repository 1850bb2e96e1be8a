// Filters, dense weights and vectors, each from the layouts they come in.
#include "engine/weights/convert.h"

#include <fmt/format.h>

#include <algorithm>

namespace hilum {
namespace {

void say(std::string& how, const std::string& what) { how += (how.empty() ? "" : ", ") + what; }

// Filters of the file as [K,C,R,S] with their values: a place for each of OIHW and HWIO.
struct Filters {
  std::size_t k, c, r, s;
  const float* values;
  std::size_t step_k, step_c, step_r, step_s;
  float at(std::size_t i, std::size_t j, std::size_t y, std::size_t x) const {
    return values[i * step_k + j * step_c + y * step_r + x * step_s];
  }
};

Filters filters_of(const Tensor& t, FilterOrder order) {
  const Shape& d = t.shape();
  if (order == FilterOrder::hwio) {
    return {d[3], d[2], d[0], d[1], t.data(), 1, d[3], d[1] * d[2] * d[3], d[2] * d[3]};
  }
  return {d[0], d[1], d[2], d[3], t.data(), d[1] * d[2] * d[3], d[2] * d[3], d[3], 1};
}

// A gray image is one whose three channels are equal, so its filter is the sum of theirs.
std::optional<Converted> convert_filters(const FileTensor& from, const TargetLayout& target) {
  const Shape& ours = target.shape;  // KRSC
  const Filters f = filters_of(from.tensor, target.order);
  const bool fold = target.first && ours[3] == 1 && f.c == 3;
  if (f.k != ours[0] || f.r != ours[1] || f.s != ours[2] || (f.c != ours[3] && !fold)) return {};
  Converted result{Tensor::empty(ours), ""};
  const bool image = target.first && f.c == 3;
  const bool bgr = image && target.bgr;
  const bool scaled = image && target.scale != std::array<float, 3>{1, 1, 1};
  float* to = result.tensor.data();
  for (std::size_t i = 0; i < f.k; ++i)
    for (std::size_t y = 0; y < f.r; ++y)
      for (std::size_t x = 0; x < f.s; ++x) {
        const std::size_t row = target.turned ? f.r - 1 - y : y;
        const std::size_t column = target.turned ? f.s - 1 - x : x;
        if (fold) *to = 0;
        for (std::size_t j = 0; j < f.c; ++j) {
          float value = f.at(i, bgr ? 2 - j : j, row, column);
          if (scaled) value *= target.scale[j];
          if (fold) {
            *to += value;
          } else {
            *to++ = value;
          }
        }
        if (fold) ++to;
      }
  if (target.order == FilterOrder::hwio) say(result.how, "height, width, in, out");
  if (target.turned && f.r * f.s > 1) say(result.how, "turned by 180 degrees");
  if (bgr && !fold) say(result.how, "blue, green, red to red, green, blue");
  if (scaled) {
    say(result.how, fmt::format("times {:.4g}, {:.4g}, {:.4g}", target.scale[0], target.scale[1],
                                target.scale[2]));
  }
  if (fold) say(result.how, "three input channels summed into one");
  return result;
}

// [out, in], or Keras' [in, out]; or a filter over the whole map, [out, c, h, w].
std::optional<Converted> convert_dense(const FileTensor& from, const TargetLayout& target) {
  const std::size_t out = target.shape[0], in = target.shape[1];
  const Shape& d = from.tensor.shape();
  Converted result{Tensor::empty(target.shape), ""};
  const float* values = from.tensor.data();
  float* to = result.tensor.data();
  if (!target.keras) {
    const bool window = d.rank() == 4;
    if (d.rank() < 2 || d[0] != out || d.count() != out * in || (d.rank() != 2 && !window))
      return {};
    std::copy_n(values, out * in, to);
    if (window) say(result.how, "filter over the whole map");
    return result;
  }
  if (d != Shape{in, out}) return {};
  // Feature (pixel, channel) of theirs is (channel, pixel) of ours.
  const std::size_t channels = target.flatten_channels, pixels = channels ? in / channels : in;
  for (std::size_t i = 0; i < in; ++i) {
    const std::size_t theirs = channels ? i % pixels * channels + i / pixels : i;
    for (std::size_t o = 0; o < out; ++o) to[o * in + i] = values[theirs * out + o];
  }
  say(result.how, "in, out");
  if (channels && pixels > 1) say(result.how, "features by channel");
  return result;
}

}  // namespace

std::optional<Converted> convert(const FileTensor& from, const TargetLayout& target) {
  if (from.tensor.dtype() != DType::f32) return {};
  std::optional<Converted> result;
  if (target.shape.rank() == 4) {
    if (from.tensor.shape().rank() == 4) result = convert_filters(from, target);
  } else if (target.shape.rank() == 2) {
    result = convert_dense(from, target);
  } else if (from.tensor.shape() == target.shape) {
    result = Converted{from.tensor, ""};
  }
  if (result && from.stored != NumberType::f32) say(result->how, number_name(from.stored));
  return result;
}

Shape expected_shape(const TargetLayout& target) {
  const Shape& d = target.shape;
  if (d.rank() == 2 && target.keras) return {d[1], d[0]};
  if (d.rank() != 4) return d;
  return target.order == FilterOrder::hwio ? Shape{d[1], d[2], d[3], d[0]}
                                           : Shape{d[0], d[3], d[1], d[2]};
}

}  // namespace hilum
