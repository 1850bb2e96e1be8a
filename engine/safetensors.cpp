// Reading and writing the safetensors format. A file from anywhere may be read, so everything is
// checked against the size of the file before anything is allocated for it.
#include "engine/safetensors.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "engine/file.h"
#include "kernels/error.h"

namespace hilum {
namespace {

using Json = nlohmann::json;
static_assert(std::endian::native == std::endian::little, "tensors are written as they lie");

constexpr std::uint64_t largest_header = 100'000'000;  // the format's own limit

// A file open for reading at any place.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path) : path_(path.string()) {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
      const int reason = errno;
      if (descriptor_ >= 0) ::close(descriptor_);
      throw data_error("{}: cannot be opened: {}.", path_, std::strerror(reason));
    }
    if (!S_ISREG(status.st_mode)) {
      ::close(descriptor_);
      throw data_error("{}: not a file. Expected a safetensors file.", path_);
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~InputFile() { ::close(descriptor_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::uint64_t size() const { return size_; }

  void read(std::uint64_t offset, void* to, std::size_t bytes) const {
    char* at = static_cast<char*>(to);
    while (bytes > 0) {
      const ssize_t count = ::pread(descriptor_, at, bytes, static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        throw data_error("{}: cannot be read at byte {}: {}.", path_, offset,
                         count < 0 ? std::strerror(errno) : "the file ends");
      }
      at += count;
      offset += static_cast<std::uint64_t>(count);
      bytes -= static_cast<std::size_t>(count);
    }
  }

 private:
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

// One entry of the header.
struct Entry {
  std::string name, dtype;
  Shape shape;
  std::uint64_t begin = 0, end = 0;  // in the data behind the header
};

std::size_t bytes_of_dtype(const std::string& dtype) {
  if (dtype == "F32" || dtype == "I32") return 4;
  if (dtype == "F16" || dtype == "BF16") return 2;
  if (dtype == "F64" || dtype == "I64") return 8;
  return 0;
}

// Half precision (IEEE 754 binary16): sign, 5 bits of exponent, 10 of fraction.
float from_half(std::uint16_t half) {
  const float sign = half & 0x8000 ? -1.0f : 1.0f;
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  if (exponent == 31) {
    return fraction ? std::numeric_limits<float>::quiet_NaN()
                    : sign * std::numeric_limits<float>::infinity();
  }
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

float from_bfloat(std::uint16_t upper) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16);
}

template <class T, class Convert>
void convert(const std::vector<char>& raw, float* to, Convert to_float) {
  for (std::size_t i = 0; i < raw.size() / sizeof(T); ++i) {
    T value;
    std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
    to[i] = to_float(value);
  }
}

// Parses the header text; refuses a name that occurs twice in one object and anything nested deeper
// than the format is.
Json parse_header(const std::string& text, const std::string& path) {
  std::vector<std::set<std::string>> keys;
  const Json::parser_callback_t check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > 3) throw data_error("{}: the header is nested too deeply.", path);
    if (event == Json::parse_event_t::object_start) {
      keys.resize(static_cast<std::size_t>(depth) + 1);
      keys.back().clear();
    }
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      throw data_error("{}: the header has '{}' twice.", path, value.get<std::string>());
    }
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    return true;
  };
  try {
    Json header = Json::parse(text, check);
    if (!header.is_object()) throw data_error("{}: the header is not a JSON object.", path);
    return header;
  } catch (const Json::exception& error) {
    throw data_error("{}: the header is not JSON: {}. The file is damaged or of another format.",
                     path, error.what());
  }
}

Entry parse_entry(const std::string& name, const Json& value, const std::string& path) {
  Entry entry{name, "", {}};
  auto fail = [&](const std::string& what) {
    return data_error("{}: tensor '{}': {}.", path, name, what);
  };
  auto whole = [](const Json& v) { return v.is_number_unsigned(); };
  if (!value.is_object() || !value.contains("dtype") || !value["dtype"].is_string() ||
      !value.contains("shape") || !value["shape"].is_array() || !value.contains("data_offsets") ||
      !value["data_offsets"].is_array() || value["data_offsets"].size() != 2 ||
      !std::all_of(value["shape"].begin(), value["shape"].end(), whole) ||
      !std::all_of(value["data_offsets"].begin(), value["data_offsets"].end(), whole)) {
    throw fail("expected a dtype, a shape and two data_offsets");
  }
  entry.dtype = value["dtype"];
  const std::size_t element = bytes_of_dtype(entry.dtype);
  if (element == 0) {
    throw fail(fmt::format("type {}. Expected F32, F16, BF16, F64, I64 or I32", entry.dtype));
  }
  const auto sizes = value["shape"].get<std::vector<std::size_t>>();
  try {
    entry.shape = Shape(sizes);
  } catch (const Error& error) {
    throw fail(error.what());
  }
  entry.begin = value["data_offsets"][0];
  entry.end = value["data_offsets"][1];
  if (entry.begin > entry.end || entry.end - entry.begin != entry.shape.count() * element) {
    throw fail(fmt::format("{} {} takes {} bytes, its data_offsets are {} to {}", entry.dtype,
                           entry.shape.str(), entry.shape.count() * element, entry.begin,
                           entry.end));
  }
  return entry;
}

// Puts the entries into the order of their data, which must be covered without overlap or gap: what
// passes here cannot reach past the file.
void check_cover(std::vector<Entry>& entries, std::uint64_t bytes, const std::string& path) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered) {
      throw data_error("{}: tensor '{}' begins at byte {} of the data: {}. Expected {}.", path,
                       entry.name, entry.begin,
                       entry.begin < covered ? "it overlaps another" : "there is a gap before it",
                       covered);
    }
    covered = entry.end;
  }
  if (covered != bytes) {
    throw data_error(
        "{}: {} bytes of data, its header describes {}. The file is cut short or damaged.", path,
        bytes, covered);
  }
}

Tensor read_tensor(const InputFile& file, const Entry& entry, std::uint64_t data_begin) {
  const std::size_t bytes = entry.end - entry.begin;
  const bool whole = entry.dtype == "I32";
  Tensor tensor = Tensor::empty(entry.shape, Device::cpu, whole ? DType::i32 : DType::f32);
  if (bytes == 0) return tensor;
  if (whole || entry.dtype == "F32") {
    file.read(data_begin + entry.begin,
              whole ? static_cast<void*>(tensor.labels()) : static_cast<void*>(tensor.data()),
              bytes);
    return tensor;
  }
  std::vector<char> raw(bytes);
  file.read(data_begin + entry.begin, raw.data(), bytes);
  const auto cast = [](auto value) { return static_cast<float>(value); };
  if (entry.dtype == "F16") convert<std::uint16_t>(raw, tensor.data(), from_half);
  if (entry.dtype == "BF16") convert<std::uint16_t>(raw, tensor.data(), from_bfloat);
  if (entry.dtype == "F64") convert<double>(raw, tensor.data(), cast);
  if (entry.dtype == "I64") convert<std::int64_t>(raw, tensor.data(), cast);
  return tensor;
}

}  // namespace

TensorFile read_safetensors(const std::filesystem::path& path) {
  const InputFile file(path);
  const std::string name = path.string();
  std::uint64_t header_bytes = 0;
  if (file.size() < sizeof header_bytes) {
    throw data_error("{}: {} bytes. Too short for a safetensors file.", name, file.size());
  }
  file.read(0, &header_bytes, sizeof header_bytes);
  if (header_bytes > largest_header || header_bytes > file.size() - sizeof header_bytes) {
    throw data_error(
        "{}: announces a header of {} bytes in a file of {}. The file is cut short or no "
        "safetensors "
        "file.",
        name, header_bytes, file.size());
  }
  std::string text(header_bytes, ' ');
  file.read(sizeof header_bytes, text.data(), header_bytes);
  const Json header = parse_header(text, name);
  const std::uint64_t data_begin = sizeof header_bytes + header_bytes;

  TensorFile result;
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key != "__metadata__") {
      entries.push_back(parse_entry(key, value, name));
      continue;
    }
    if (!value.is_object()) throw data_error("{}: __metadata__ is not an object.", name);
    for (const auto& [meta, text_value] : value.items()) {
      if (!text_value.is_string()) {
        throw data_error("{}: __metadata__ '{}' is not a string.", name, meta);
      }
      result.metadata[meta] = text_value;
    }
  }
  check_cover(entries, file.size() - data_begin, name);
  for (const Entry& entry : entries) {
    result.tensors.push_back({entry.name, read_tensor(file, entry, data_begin)});
  }
  return result;
}

void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::uint64_t offset = 0;
  std::vector<std::string_view> pieces(2);  // header length and header, filled in below
  for (const auto& [name, tensor] : file.tensors) {
    if (header.contains(name) || name == "__metadata__") {
      throw usage_error("{}: two tensors are called '{}'.", path.string(), name);
    }
    if (tensor.device() == Device::cuda) {
      throw usage_error("{}: tensor '{}' lies on device cuda. Expected it on the host: to(cpu).",
                        path.string(), name);
    }
    const bool whole = tensor.dtype() == DType::i32;
    const void* data = whole ? static_cast<const void*>(tensor.labels()) : tensor.data();
    const std::size_t bytes = tensor.count() * dtype_size(tensor.dtype());
    Json shape = Json::array();
    for (std::size_t i = 0; i < tensor.shape().rank(); ++i) shape.push_back(tensor.size(i));
    header[name] = {{"dtype", whole ? "I32" : "F32"},
                    {"shape", shape},
                    {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
    if (bytes != 0) pieces.emplace_back(static_cast<const char*>(data), bytes);
  }
  // Spaces behind the header keep the data aligned to 8 bytes.
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t header_bytes = text.size();
  pieces[0] = {reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes};
  pieces[1] = text;
  write_file_atomically(path, pieces);
}

}  // namespace hilum
