// Small image files, byte by byte: PNG with stored (not compressed) deflate blocks, JPEG with one
// constant coefficient a block.
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

std::string be16(std::uint32_t v) {
  return {static_cast<char>(v >> 8 & 255), static_cast<char>(v & 255)};
}
std::string be32(std::uint32_t v) { return be16(v >> 16) + be16(v & 0xffff); }

std::uint32_t crc(const std::string& bytes) {
  std::uint32_t c = ~0u;
  for (char byte : bytes) {
    c ^= static_cast<unsigned char>(byte);
    for (int i = 0; i < 8; ++i) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
  }
  return ~c;
}

// Bits into bytes, either end first.
class Bits {
 public:
  explicit Bits(bool high_first) : high_first_(high_first) {}
  void put(std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) {
      const int bit = static_cast<int>(value >> (high_first_ ? count - 1 - i : i) & 1);
      if (used_ == 0) bytes_ += '\0';
      bytes_.back() = static_cast<char>(bytes_.back() | bit << (high_first_ ? 7 - used_ : used_));
      used_ = (used_ + 1) % 8;
    }
  }
  std::string bytes() const { return bytes_; }

 private:
  bool high_first_;
  int used_ = 0;
  std::string bytes_;
};

std::string zlib_stored(const std::string& raw) {
  std::string out = "\x78\x01";
  std::size_t at = 0;
  do {
    const std::size_t size = std::min<std::size_t>(raw.size() - at, 65535);
    const bool last = at + size == raw.size();
    out += last ? '\1' : '\0';
    for (std::size_t v : {size, ~size}) {
      out += static_cast<char>(v & 255);
      out += static_cast<char>(v >> 8 & 255);
    }
    out += raw.substr(at, size);
    at += size;
  } while (at < raw.size());
  std::uint32_t a = 1, b = 0;
  for (char c : raw) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return out + be32(b << 16 | a);
}

std::string header(const PngSpec& spec) {
  return std::string("\x89PNG\r\n\x1a\n", 8) +
         png_chunk("IHDR", be32(spec.width) + be32(spec.height) + static_cast<char>(spec.depth) +
                               static_cast<char>(spec.colour) + std::string(2, '\0') +
                               static_cast<char>(spec.interlaced));
}

}  // namespace

std::string png_chunk(const std::string& type, const std::string& data) {
  return be32(static_cast<std::uint32_t>(data.size())) + type + data + be32(crc(type + data));
}

std::string make_png(const PngSpec& spec, const std::vector<std::uint32_t>& samples) {
  const std::uint32_t channels = std::vector<std::uint32_t>{1, 0, 3, 1, 2, 0, 4}.at(spec.colour);
  struct Pass {
    std::uint32_t x, y, dx, dy;
  };
  std::vector<Pass> passes = {{0, 0, 1, 1}};
  if (spec.interlaced) {  // Adam7
    passes = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
              {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  }
  std::string raw;
  for (const Pass& pass : passes) {
    for (std::uint32_t y = pass.y; y < spec.height && pass.x < spec.width; y += pass.dy) {
      Bits line(true);
      line.put(0, 8);  // no filter
      for (std::uint32_t x = pass.x; x < spec.width; x += pass.dx) {
        for (std::uint32_t c = 0; c < channels; ++c) {
          line.put(samples.at((y * spec.width + x) * channels + c), spec.depth);
        }
      }
      raw += line.bytes();
    }
  }
  return header(spec) + (spec.palette.empty() ? "" : png_chunk("PLTE", spec.palette)) +
         (spec.transparency.empty() ? "" : png_chunk("tRNS", spec.transparency)) +
         png_chunk("IDAT", zlib_stored(raw)) + png_chunk("IEND", "");
}

std::string some_png(std::uint32_t width, std::uint32_t height, int bias) {
  PngSpec spec;
  spec.width = width;
  spec.height = height;
  std::vector<std::uint32_t> samples;
  for (std::uint32_t i = 0; i < width * height; ++i) {
    samples.push_back((i * 7 + static_cast<std::uint32_t>(bias)) % 256);
  }
  return make_png(spec, samples);
}

std::string make_bomb(std::uint32_t side, std::size_t bytes) {
  // One block of fixed Huffman codes: a zero, then "258 bytes from one back" again and again.
  Bits deflate(false);
  deflate.put(1, 1);
  deflate.put(1, 2);
  auto code = [&](std::uint32_t value, int count) {  // Huffman codes go high bit first
    for (int i = count - 1; i >= 0; --i) deflate.put(value >> i & 1, 1);
  };
  code(0x30, 8);
  for (std::size_t done = 1; done < bytes; done += 258) {
    code(0xc5, 8);
    code(0, 5);
  }
  code(0, 7);
  PngSpec spec;
  spec.width = spec.height = side;
  return header(spec) + png_chunk("IDAT", "\x78\x01" + deflate.bytes() + "1234") +
         png_chunk("IEND", "");
}

std::string make_jpeg(const std::vector<int>& values, bool progressive) {
  const auto n = static_cast<char>(values.size());
  auto segment = [](int marker, const std::string& data) {
    return std::string("\xff") + static_cast<char>(marker) +
           be16(static_cast<std::uint32_t>(data.size() + 2)) + data;
  };
  std::string out("\xff\xd8", 2);
  if (n == 4) out += segment(0xee, std::string("Adobe\0\x64\0\0\0\0\0", 12));
  out += segment(0xdb, std::string(1, '\0') + std::string(64, '\x08'));  // all steps are 8
  std::string frame = "\x08" + be16(16) + be16(16) + n;
  std::string scan(1, n);
  for (char c = 1; c <= n; ++c) {
    frame += std::string{c, '\x11', '\0'};
    scan += std::string{c, '\0'};
  }
  out += segment(progressive ? 0xc2 : 0xc0, frame);
  // Differences of 0 to 8 bits, all with codes of four bits; "end of block" is the single bit 0.
  std::string lengths(16, '\0'), eob(16, '\0');
  lengths[3] = 9;
  eob[0] = 1;
  out += segment(0xc4, '\0' + lengths + std::string("\0\1\2\3\4\5\6\7\10", 9));
  out += segment(0xc4, '\x10' + eob + '\0');
  out += segment(0xda, scan + std::string({'\0', progressive ? '\0' : '\x3f', '\0'}));
  Bits bits(true);
  for (int block = 0; block < 4; ++block) {
    for (int value : values) {
      // A step of 8 and a mean over 64 pixels of gain 1/8: the coefficient is value - 128.
      const int difference = block == 0 ? value - 128 : 0;
      int size = 0;
      while (std::abs(difference) >> size) ++size;
      bits.put(static_cast<std::uint32_t>(size), 4);
      bits.put(
          static_cast<std::uint32_t>(difference < 0 ? difference + (1 << size) - 1 : difference),
          size);
      if (!progressive) bits.put(0, 1);
    }
  }
  bits.put(0x7f, 7);  // fill the last byte with ones
  for (char c : bits.bytes()) {
    out += c;
    if (c == '\xff') out += '\0';
  }
  return out + "\xff\xd9";
}

}  // namespace hilum::test
