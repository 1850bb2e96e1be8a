// Reading, converting and writing images through stb_image and stb_image_write.
#include "data/image.h"

#include <climits>
#include <memory>

#include "data/container.h"
#include "data/stb.h"
#include "engine/file.h"
#include "kernels/error.h"

#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_WRITE_NO_STDIO
#include <stb_image.h>
#include <stb_image_write.h>

namespace hilum {
namespace {

// Interleaved samples of 1 gray, 2 gray+alpha, 3 colour or 4 colour+alpha in [0, largest] to 8
// bits. Everything is one rounded integer division, so equal red, green and blue give exactly their
// value.
template <class Sample>
Image convert(const Sample* in, std::size_t stored, std::size_t height, std::size_t width,
              std::size_t channels) {
  constexpr std::uint64_t largest = std::numeric_limits<Sample>::max();
  const bool alpha = stored % 2 == 0, colour = stored >= 3;
  Image image{height, width, channels, {}};
  const std::size_t count = height * width;
  if (sizeof(Sample) == 1 && !alpha && stored == channels) {
    image.pixels.assign(in, in + count * channels);
    return image;
  }
  image.pixels.resize(count * channels);
  std::uint8_t* out = image.pixels.data();
  for (std::size_t i = 0; i < count; ++i, in += stored) {
    const std::uint64_t opacity = alpha ? in[stored - 1] : largest;
    if (colour && channels == 1) {  // ITU-R BT.601 luma
      constexpr std::uint64_t whole = 1000 * largest * largest;
      const std::uint64_t luma =
          299 * std::uint64_t{in[0]} + 587 * std::uint64_t{in[1]} + 114 * std::uint64_t{in[2]};
      *out++ = static_cast<std::uint8_t>((luma * opacity * 255 + whole / 2) / whole);
    } else {
      constexpr std::uint64_t whole = largest * largest;
      for (std::size_t c = 0; c < channels; ++c) {
        const std::uint64_t value = in[colour ? c : 0];
        *out++ = static_cast<std::uint8_t>((value * opacity * 255 + whole / 2) / whole);
      }
    }
  }
  return image;
}

struct Free {
  void operator()(void* block) const { stbi_image_free(block); }
};

Error bad_image(const std::string& name, const std::string& reason) {
  return data_error("{}: {}. Replace the file or leave it out.", name, reason);
}

void append_bytes(void* context, void* data, int size) {
  static_cast<std::string*>(context)->append(static_cast<const char*>(data),
                                             static_cast<std::size_t>(size));
}

bool encodable(const Image& image) {
  return (image.channels == 1 || image.channels == 3) && !image.pixels.empty() &&
         image.pixels.size() == image.height * image.width * image.channels;
}

void check_encodable(const Image& image) {
  if (encodable(image)) return;
  throw usage_error("image of {} x {} x {} with {} bytes: cannot be written as a file.",
                    image.height, image.width, image.channels, image.pixels.size());
}

}  // namespace

ImageInfo image_info(std::string_view bytes, const std::string& name) {
  Container container = inspect_container(bytes);
  if (container.info.channels == 0) throw bad_image(name, container.fault);
  return container.info;
}

Image decode_image(std::string_view bytes, std::size_t channels, const std::string& name) {
  if (channels != 1 && channels != 3) {
    throw usage_error("{}: images have 1 or 3 channels. {} were asked for.", name, channels);
  }
  const auto [info, fault] = inspect_container(bytes);
  if (!fault.empty()) throw bad_image(name, fault);
  if (info.height == 0 || info.width == 0) throw bad_image(name, "damaged: a size of zero");
  if (info.width > max_image_pixels / info.height || bytes.size() > INT_MAX) {
    throw bad_image(name, fmt::format("too large: {} x {} pixels, at most {} are read", info.width,
                                      info.height, max_image_pixels));
  }
  // Samples of up to eight bytes a pixel, doubled where the decoder's buffer grows by doubling,
  // edges padded to whole JPEG blocks; the compressed bytes are collected by doubling too.
  stb_allocation_limit =
      16 * (info.height + 32) * (info.width + 32) + 2 * bytes.size() + (std::size_t{1} << 16);

  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  int width = 0, height = 0, stored = 0;
  const bool deep = info.format == "png" && info.bit_depth == 16;
  std::unique_ptr<void, Free> samples;
  try {
    samples.reset(
        deep ? static_cast<void*>(stbi_load_16_from_memory(data, size, &width, &height, &stored, 0))
             : stbi_load_from_memory(data, size, &width, &height, &stored, 0));
  } catch (const StbAssertion&) {
    throw bad_image(name, "damaged: what it says about itself does not fit together");
  }
  if (!samples) {
    // The decoder tries PNG before JPEG; where JPEG gives no reason, that of PNG is left standing.
    std::string reason = stbi_failure_reason();
    if (reason == "outofmem") reason = "it holds more data than its size allows";
    if (reason == "bad png sig") reason = "a part of the JPEG is wrong";
    throw bad_image(name, "damaged: " + reason);
  }
  const auto h = static_cast<std::size_t>(height), w = static_cast<std::size_t>(width);
  const auto n = static_cast<std::size_t>(stored);
  return deep ? convert(static_cast<const std::uint16_t*>(samples.get()), n, h, w, channels)
              : convert(static_cast<const std::uint8_t*>(samples.get()), n, h, w, channels);
}

Image read_image(const std::filesystem::path& path, std::size_t channels) {
  return decode_image(read_file(path), channels, path.string());
}

Image decode_scan(std::string_view bytes, std::size_t channels, const std::string& name) {
  Image image = decode_image(bytes, channels, name);
  if (image.height < min_scan_side || image.width < min_scan_side) {
    throw bad_image(
        name, fmt::format("image of {} x {} pixels: too small to be a scan (at least {} x {})",
                          image.width, image.height, min_scan_side, min_scan_side));
  }
  return image;
}

Image read_scan(const std::filesystem::path& path, std::size_t channels) {
  return decode_scan(read_file(path), channels, path.string());
}

std::string encode_png(const Image& image) {
  check_encodable(image);
  std::string bytes;
  const int width = static_cast<int>(image.width), channels = static_cast<int>(image.channels);
  if (!stbi_write_png_to_func(append_bytes, &bytes, width, static_cast<int>(image.height), channels,
                              image.pixels.data(), width * channels)) {
    throw data_error("image of {} x {}: the PNG encoder ran out of memory.", image.width,
                     image.height);
  }
  return bytes;
}

std::string encode_jpeg(const Image& image, int quality) {
  check_encodable(image);
  std::string bytes;
  if (!stbi_write_jpg_to_func(append_bytes, &bytes, static_cast<int>(image.width),
                              static_cast<int>(image.height), static_cast<int>(image.channels),
                              image.pixels.data(), quality)) {
    throw data_error("image of {} x {}: the JPEG encoder failed.", image.width, image.height);
  }
  return bytes;
}

void write_png(const std::filesystem::path& path, const Image& image) {
  if (!encodable(image)) {
    throw usage_error("{}: an image of {} x {} x {} with {} bytes cannot be written.",
                      path.string(), image.height, image.width, image.channels,
                      image.pixels.size());
  }
  write_file_atomically(path, encode_png(image));
}

}  // namespace hilum
