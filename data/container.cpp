// Walks PNG chunks and JPEG segments: header, completeness, checksums.
#include "data/container.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace hilum {
namespace {

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}
std::uint32_t big_endian_16(std::string_view bytes, std::size_t i) {
  return byte_at(bytes, i) << 8 | byte_at(bytes, i + 1);
}
std::uint32_t big_endian_32(std::string_view bytes, std::size_t i) {
  return big_endian_16(bytes, i) << 16 | big_endian_16(bytes, i + 2);
}

// CRC-32 of ISO 3309, the one of PNG, gzip and Ethernet.
std::uint32_t crc32(std::string_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> t;
    for (std::uint32_t n = 0; n < 256; ++n) {
      std::uint32_t c = n;
      for (int bit = 0; bit < 8; ++bit) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
      t[n] = c;
    }
    return t;
  }();
  std::uint32_t crc = ~0u;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    crc = table[(crc ^ byte_at(bytes, i)) & 255] ^ crc >> 8;
  }
  return ~crc;
}

constexpr std::string_view png_signature("\x89PNG\r\n\x1a\n", 8);

void read_png_header(std::string_view data, ImageInfo& info) {
  info.width = big_endian_32(data, 0);
  info.height = big_endian_32(data, 4);
  info.bit_depth = byte_at(data, 8);
  switch (byte_at(data, 9)) {
    case 0:
      info.channels = 1;
      break;
    case 2:
      info.channels = 3;
      break;
    case 3:
      info.channels = 3, info.palette = true;
      break;
    case 4:
      info.channels = 2;
      break;
    case 6:
      info.channels = 4;
      break;
    default:
      break;  // zero channels: the caller reports it
  }
}

Container inspect_png(std::string_view bytes) {
  Container result;
  result.info.format = "png";
  const std::string cut = "cut short: the PNG ends before its end marker (IEND)";
  std::size_t at = png_signature.size();
  while (true) {
    if (bytes.size() - at < 12) return result.fault = cut, result;
    const std::size_t length = big_endian_32(bytes, at);
    const std::string_view type = bytes.substr(at + 4, 4);
    const bool first = at == png_signature.size();
    if (first && (type != "IHDR" || length != 13)) {
      return result.fault = "damaged: the PNG does not begin with its header (IHDR)", result;
    }
    if (length > bytes.size() - at - 12) return result.fault = cut, result;
    const std::string_view data = bytes.substr(at + 8, length);
    // An upper-case first letter marks a chunk that a decoder may not ignore; what is ignored
    // (text, time, profiles) is allowed to be wrong.
    const bool critical = (type[0] & 0x20) == 0;
    if (critical &&
        big_endian_32(bytes, at + 8 + length) != crc32(bytes.substr(at + 4, 4 + length))) {
      return result.fault = fmt::format("damaged: the checksum of PNG chunk {} is wrong", type),
             result;
    }
    if (type == "IHDR") {
      read_png_header(data, result.info);
      if (result.info.channels == 0)
        return result.fault = "damaged: unknown PNG colour type", result;
    } else if (type == "tRNS" && result.info.channels % 2 == 1) {
      ++result.info.channels;  // one colour, or some of the palette, is transparent
    } else if (type == "IEND") {
      return result;
    } else if (critical && type != "PLTE" && type != "IDAT") {
      return result.fault = "not a standard PNG: it holds a chunk that no standard names", result;
    }
    at += 12 + length;
  }
}

// Start-of-frame markers: C0 to CF without C4 (Huffman tables), C8 (reserved), CC (arithmetic).
bool is_start_of_frame(std::uint32_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

// A table names at most 256 codes; the decoder would write past its own table for more.
bool huffman_tables_fit(std::string_view data) {
  while (data.size() >= 17) {
    std::size_t codes = 0;
    for (std::size_t i = 1; i <= 16; ++i) codes += byte_at(data, i);
    if (codes > 256 || codes > data.size() - 17) return false;
    data.remove_prefix(17 + codes);
  }
  return data.empty();
}

Container inspect_jpeg(std::string_view bytes) {
  Container result;
  result.info.format = "jpeg";
  const std::string cut = "cut short: the JPEG ends before its end marker (EOI)";
  bool in_scan = false;
  std::size_t at = 2;
  while (true) {
    // In a scan anything may stand between markers; FF 00 is a stuffed byte, D0 to D7 restarts.
    while (at + 1 < bytes.size() && (byte_at(bytes, at) != 0xff || byte_at(bytes, at + 1) == 0xff ||
                                     (in_scan && byte_at(bytes, at + 1) == 0))) {
      ++at;
    }
    if (at + 1 >= bytes.size()) return result.fault = cut, result;
    const std::uint32_t marker = byte_at(bytes, at + 1);
    at += 2;
    if (marker == 0xd9) break;
    if (marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd8)) continue;  // no payload
    if (bytes.size() - at < 2) return result.fault = cut, result;
    const std::size_t length = big_endian_16(bytes, at);
    if (length > bytes.size() - at) return result.fault = cut, result;
    if (is_start_of_frame(marker) && length >= 8) {
      result.info.bit_depth = byte_at(bytes, at + 2);
      result.info.height = big_endian_16(bytes, at + 3);
      result.info.width = big_endian_16(bytes, at + 5);
      result.info.channels = byte_at(bytes, at + 7);
      if (marker > 0xc2)
        result.fault = "an unusual JPEG (lossless or arithmetic), which is not read";
    }
    if (length < 2 || (marker == 0xc4 && !huffman_tables_fit(bytes.substr(at + 2, length - 2)))) {
      return result.fault = "damaged: a table of the JPEG is wrong", result;
    }
    in_scan = marker == 0xda;
    at += length;
  }
  if (result.info.channels == 0) result.fault = "damaged: the JPEG holds no picture";
  return result;
}

}  // namespace

Container inspect_container(std::string_view bytes) {
  if (bytes.substr(0, 8) == png_signature) return inspect_png(bytes);
  if (bytes.substr(0, 3) == "\xff\xd8\xff") return inspect_jpeg(bytes);
  Container result;
  // Formats that folders of scans do hold, so that the reader learns what to convert.
  struct Known {
    std::size_t offset;
    std::string_view magic;
    const char* name;
  };
  static constexpr Known known[] = {
      {128, "DICM", "a DICOM file"},        {0, "BM", "a BMP image"},
      {0, "GIF8", "a GIF image"},           {0, {"II*\0", 4}, "a TIFF image"},
      {0, {"MM\0*", 4}, "a TIFF image"},    {8, "WEBP", "a WebP image"},
      {0, "\x1f\x8b", "a gzip file"},       {344, {"n+1\0", 4}, "a NIfTI volume"},
      {0, "%PDF", "a PDF document"},        {0, "PK\x03\x04", "a zip archive"},
      {0, "<", "a text (HTML or XML) file"}};
  if (bytes.empty()) return result.fault = "the file is empty (zero bytes)", result;
  for (const Known& k : known) {
    if (bytes.size() > k.offset && bytes.substr(k.offset, k.magic.size()) == k.magic) {
      return result.fault = fmt::format("not an image that can be read: it is {}", k.name), result;
    }
  }
  if (png_signature.starts_with(bytes) || bytes == "\xff\xd8") {
    return result.fault = "cut short: a few bytes of an image are all there is", result;
  }
  bool text = true;
  for (char c : bytes.substr(0, 512))
    text = text && (c >= ' ' || c == '\n' || c == '\r' || c == '\t');
  result.fault = text ? "not an image: it is a text file" : "not an image";
  return result;
}

}  // namespace hilum
