// Images in memory and on disk: 8-bit, interleaved, row by row. Files are known by their content,
// not by their names (a .png that holds a JPEG is read as what it is).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hilum {

struct Image {
  std::size_t height = 0, width = 0, channels = 0;  // channels: 1 gray, 3 red green blue
  std::vector<std::uint8_t> pixels;                 // height x width x channels
};

// What the file itself says, before conversion; the container alone can betray a class.
struct ImageInfo {
  std::string format;  // "png", "jpeg"
  std::size_t height = 0, width = 0;
  std::size_t channels = 0;  // as stored: 1 gray, 2 gray+alpha, 3 colour, 4 colour+alpha or CMYK
  std::size_t bit_depth = 8;
  bool palette = false;  // channels is then 3, or 4 where the palette holds transparent colours
};

// Larger ones are refused before anything is allocated for them (a decompression bomb: few bytes
// that claim or inflate to gigabytes).
inline constexpr std::size_t max_image_pixels = std::size_t{1} << 26;
// Smaller ones decode, but no scan is that small: read_scan refuses them.
inline constexpr std::size_t min_scan_side = 8;

// Reads and converts to `channels` (1 or 3). 16-bit samples are scaled to 8 bits (v * 255 / 65535,
// rounded), alpha is composed over black, colour becomes gray by ITU-R 601 weights. Data errors
// name the file and say what is wrong with it: missing, unreadable, empty, not an image, cut short.
Image read_image(const std::filesystem::path& path, std::size_t channels);
Image decode_image(std::string_view bytes, std::size_t channels, const std::string& name);
ImageInfo image_info(std::string_view bytes, const std::string& name);

// read_image for what is to be learned from: an image with a side below min_scan_side is a data
// error too. Training, checking and prediction all read through this one.
Image read_scan(const std::filesystem::path& path, std::size_t channels);
Image decode_scan(std::string_view bytes, std::size_t channels, const std::string& name);

// Separable resize: area average where it shrinks (no aliasing), bilinear where it grows.
Image resize(const Image& image, std::size_t height, std::size_t width);

// Files of 1 or 3 channels, in memory. quality: 1 to 100.
std::string encode_png(const Image& image);
std::string encode_jpeg(const Image& image, int quality);
// Written whole or not at all.
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace hilum
