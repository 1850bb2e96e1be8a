// Reading and writing the safetensors format. A file from anywhere may be read, so everything is
// checked against the size of the file before anything is allocated for it.
#include "engine/safetensors.h"

#include <algorithm>
#include <bit>
#include <set>
#include <tuple>

#include "engine/file.h"
#include "engine/json.h"
#include "engine/weights/numbers.h"
#include "kernels/error.h"

namespace hilum {
namespace {

using Json = nlohmann::json;
static_assert(std::endian::native == std::endian::little, "tensors are written as they lie");

constexpr std::uint64_t largest_header = 100'000'000;  // the format's own limit

// One entry of the header.
struct Entry {
  std::string name;
  NumberType type = NumberType::f32;
  Shape shape;
  std::uint64_t begin = 0, end = 0;  // in the data behind the header
};

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
  Entry entry{name, NumberType::f32, {}};
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
  const std::string dtype = value["dtype"];
  const std::optional<NumberType> type = number_named(dtype);
  if (!type) {
    throw fail(fmt::format("type {}. Expected floating point, whole numbers or BOOL", dtype));
  }
  entry.type = *type;
  const std::size_t element = bytes_of(entry.type);
  const auto sizes = value["shape"].get<std::vector<std::size_t>>();
  try {
    entry.shape = Shape(sizes);
  } catch (const Error& error) {
    throw fail(error.what());
  }
  entry.begin = value["data_offsets"][0];
  entry.end = value["data_offsets"][1];
  if (entry.begin > entry.end || entry.end - entry.begin != entry.shape.count() * element) {
    throw fail(fmt::format("{} {} takes {} bytes, its data_offsets are {} to {}", dtype,
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
  const bool whole = entry.type == NumberType::i32;
  Tensor tensor = Tensor::empty(entry.shape, Device::cpu, whole ? DType::i32 : DType::f32);
  if (bytes == 0) return tensor;
  if (whole || entry.type == NumberType::f32) {
    file.read(data_begin + entry.begin,
              whole ? static_cast<void*>(tensor.labels()) : static_cast<void*>(tensor.data()),
              bytes);
    return tensor;
  }
  std::vector<char> raw(bytes);
  file.read(data_begin + entry.begin, raw.data(), bytes);
  to_float(entry.type, raw.data(), tensor.count(), tensor.data());
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
    result.stored.push_back(entry.type);
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
