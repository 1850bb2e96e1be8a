// Parsing, composing and drawing of augmentations.
#include "data/augment.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "kernels/error.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

constexpr double radians = 3.14159265358979323846 / 180;

struct Range {
  double low, high;
};

// "0.1" is around 1, "0.8:1.2" from one to the other; a plain number where `around_one` is false.
Range parse_value(std::string_view part, std::string_view value, bool around_one) {
  Range range{};
  const char* end = value.data() + value.size();
  auto parsed = std::from_chars(value.data(), end, range.low);
  if (around_one && parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == ':') {
    parsed = std::from_chars(parsed.ptr + 1, end, range.high);
  } else if (around_one) {
    range = {1 - range.low, 1 + range.low};
  }
  const bool finite = std::isfinite(range.low) && std::isfinite(range.high);
  if (parsed.ec != std::errc() || parsed.ptr != end || !finite) {
    throw usage_error("augmentation '{}': expected a number{}, as in zoom=0.1.", part,
                      around_one ? " or a range low:high" : "");
  }
  return range;
}

double parse_below(std::string_view part, std::string_view value, double limit) {
  const double number = parse_value(part, value, false).low;
  if (!(number >= 0 && number < limit)) {
    throw usage_error("augmentation '{}': expected at least 0 and less than {}.", part, limit);
  }
  return number;
}

Range parse_factors(std::string_view part, std::string_view value) {
  const Range range = parse_value(part, value, true);
  if (!(range.low > 0 && range.low <= range.high)) {
    throw usage_error(
        "augmentation '{}': factors from {} to {}. Expected them above 0, low to high.", part,
        range.low, range.high);
  }
  return range;
}

void parse_part(std::string_view part, Augmentation& a) {
  const std::size_t equals = part.find('=');
  const std::string_view key = part.substr(0, equals);
  const std::string_view value = equals == part.npos ? "" : part.substr(equals + 1);
  if (key == "rotation") {
    a.rotation = parse_below(part, value, 180.0000001);
  } else if (key == "shift") {
    a.width_shift = a.height_shift = parse_below(part, value, 1);
  } else if (key == "width_shift") {
    a.width_shift = parse_below(part, value, 1);
  } else if (key == "height_shift") {
    a.height_shift = parse_below(part, value, 1);
  } else if (key == "shear") {
    a.shear = parse_below(part, value, 90);
  } else if (key == "zoom") {
    const Range range = parse_factors(part, value);
    a.zoom_low = range.low, a.zoom_high = range.high;
  } else if (key == "brightness") {
    const Range range = parse_factors(part, value);
    a.brightness_low = range.low, a.brightness_high = range.high;
  } else if (part == "flip") {
    a.flip = true;
  } else if (part == "border=nearest") {
    a.border = Border::nearest;
  } else if (part == "border=reflect") {
    a.border = Border::reflect;
  } else if (part == "border=constant") {
    a.border = Border::constant;
  } else {
    throw usage_error(
        "augmentation '{}': expected rotation=, shift=, width_shift=, height_shift=, shear=, "
        "zoom=, "
        "brightness=, flip or border=nearest|reflect|constant.",
        part);
  }
}

std::string describe_factors(const char* name, double low, double high) {
  if (low == 1 && high == 1) return "";
  if (std::abs((1 - low) - (high - 1)) < 1e-9) return fmt::format(",{}={:.6g}", name, high - 1);
  return fmt::format(",{}={:.6g}:{:.6g}", name, low, high);
}

std::string describe_number(const char* name, double value) {
  return value == 0 ? "" : fmt::format(",{}={:.6g}", name, value);
}

}  // namespace

bool Augmentation::any() const {
  return rotation != 0 || width_shift != 0 || height_shift != 0 || shear != 0 || zoom_low != 1 ||
         zoom_high != 1 || flip || brightness_low != 1 || brightness_high != 1;
}

std::string Augmentation::describe() const {
  if (!any()) return "none";
  std::string text = describe_number("rotation", rotation);
  if (width_shift == height_shift) {
    text += describe_number("shift", width_shift);
  } else {
    text +=
        describe_number("width_shift", width_shift) + describe_number("height_shift", height_shift);
  }
  text += describe_number("shear", shear) + describe_factors("zoom", zoom_low, zoom_high);
  if (flip) text += ",flip";
  text += describe_factors("brightness", brightness_low, brightness_high);
  if (border == Border::reflect) text += ",border=reflect";
  if (border == Border::constant) text += ",border=constant";
  return text.substr(1);
}

Augmentation parse_augmentation(const std::string& text) {
  Augmentation augmentation;
  if (text.empty() || text == "none") return augmentation;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    parse_part(rest.substr(0, comma), augmentation);
    if (comma == rest.npos) return augmentation;
    rest.remove_prefix(comma + 1);
  }
}

// The product of the header, multiplied out: R S = [cos t, -sin(t + s); sin t, cos(t + s)].
std::array<float, 6> compose_geometry(const Geometry& g, std::size_t height, std::size_t width) {
  const double t = g.rotation * radians, ts = (g.rotation + g.shear) * radians;
  const double rr = std::cos(t) * g.row_zoom, cr = std::sin(t) * g.row_zoom;
  double rc = -std::sin(ts) * g.column_zoom, cc = std::cos(ts) * g.column_zoom;
  if (g.flip) rc = -rc, cc = -cc;  // about the centre a flip is a change of sign
  const double centre_row = static_cast<double>(height) / 2;
  const double centre_column = static_cast<double>(width) / 2;
  const double row = centre_row + std::cos(t) * g.row_shift - std::sin(t) * g.column_shift -
                     rr * centre_row - rc * centre_column;
  const double column = centre_column + std::sin(t) * g.row_shift + std::cos(t) * g.column_shift -
                        cr * centre_row - cc * centre_column;
  const auto f = [](double v) { return static_cast<float>(v); };
  return {f(cc), f(cr), f(column), f(rc), f(rr), f(row)};
}

Draw draw_augmentation(const Augmentation& a, std::size_t height, std::size_t width,
                       std::uint64_t seed, std::uint64_t epoch, std::uint64_t image) {
  // Each kind has its own place in the stream: switching one on leaves the draws of the others.
  const Philox random = Philox{seed}.child(purpose("augment")).child(epoch).child(image);
  Geometry g;
  g.rotation = random.uniform(0, -a.rotation, a.rotation);
  g.row_shift = random.uniform(1, -a.height_shift, a.height_shift) * static_cast<double>(height);
  g.column_shift = random.uniform(2, -a.width_shift, a.width_shift) * static_cast<double>(width);
  g.shear = random.uniform(3, -a.shear, a.shear);
  g.row_zoom = random.uniform(4, a.zoom_low, a.zoom_high);
  g.column_zoom = random.uniform(5, a.zoom_low, a.zoom_high);
  g.flip = a.flip && random.uniform(6) < 0.5;
  return {compose_geometry(g, height, width),
          static_cast<float>(random.uniform(7, a.brightness_low, a.brightness_high))};
}

}  // namespace hilum
