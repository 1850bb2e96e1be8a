// torch.save before PyTorch 1.6: a magic number, a protocol number, facts of the machine, the
// object and the keys of its storages, each a pickle of its own; then the storages in that order,
// eight bytes of count and the numbers.
#include <algorithm>
#include <map>
#include <string_view>

#include "engine/weights/torch_tensors.h"
#include "kernels/error.h"

namespace hilum {
namespace {

using Kind = PickleValue::Kind;
using namespace std::string_view_literals;

constexpr std::string_view magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;
constexpr std::uint64_t longest_pickle = 16 << 20;  // ResNet-152's takes 0.2 MB

void check_machine(const PickleValue& facts, const std::string& source) {
  for (std::size_t i = 0; i + 1 < facts.items.size(); i += 2) {
    if (facts.items[i]->text == "little_endian" && facts.items[i + 1]->integer == 0) {
      throw data_error("{}: was written on a big-endian machine. Save it again on another.",
                       source);
    }
  }
}

struct Place {
  std::uint64_t at, bytes;
};

// Where each storage lies. Their types stand in the object's pickle only.
std::map<std::string, Place> find_storages(const InputFile& file, const PickleReader& reader,
                                           const PickleValue& keys, std::uint64_t at) {
  std::map<std::string, NumberType> types;
  for (const PickleValue& value : reader.values()) {
    if (value.kind != Kind::persistent) continue;
    const TorchStorage storage = parse_storage(value, file.path());
    types[storage.key] = storage.type;
  }
  std::map<std::string, Place> places;
  for (const PickleValue* key : keys.items) {
    const auto type = types.find(key->text);
    if (type == types.end()) {
      throw data_error("{}: storage '{}' belongs to nothing. The file is damaged.", file.path(),
                       key->text);
    }
    std::uint64_t count = 0;
    file.read(at, &count, sizeof count);
    at += sizeof count;
    const std::uint64_t width = bytes_of(type->second);
    if (count > (file.size() - at) / width) {
      throw data_error(
          "{}: storage '{}' claims {} numbers, the file ends before. It is cut short or damaged.",
          file.path(), key->text, count);
    }
    places[key->text] = {at, count * width};
    at += count * width;
  }
  return places;
}

}  // namespace

WeightFile read_torch_pickle(const InputFile& file) {
  std::string bytes(std::min(file.size(), longest_pickle), '\0');
  file.read(0, bytes.data(), bytes.size());
  const bool known = bytes.starts_with(magic);
  PickleReader reader(std::string_view(bytes).substr(known ? magic.size() : 0), file.path());
  const PickleValue& protocol = reader.next();
  if (!known || protocol.integer != 1001) {
    throw data_error(
        "{}: is a pickle, but not as torch.save writes one. Expected a state dict saved by torch.",
        file.path());
  }
  check_machine(reader.next(), file.path());
  const PickleValue& top = reader.next();
  const PickleValue& keys = reader.next();
  const auto places = find_storages(file, reader, keys, magic.size() + reader.position());

  WeightFile result;
  result.path = file.path();
  result.format = WeightFormat::torch_pickle;
  ReadBudget budget(file);
  read_state_dict(
      top,
      [&](const TorchStorage& storage) {
        const auto place = places.find(storage.key);
        const std::uint64_t begin = storage.offset * bytes_of(storage.type);
        if (place == places.end() || begin > place->second.bytes ||
            storage.bytes() > place->second.bytes - begin) {
          throw data_error("{}: storage '{}' is not in the file. It is cut short or damaged.",
                           file.path(), storage.key);
        }
        std::vector<char> raw(storage.bytes());
        file.read(place->second.at + begin, raw.data(), raw.size());
        return raw;
      },
      budget, result);
  return result;
}

}  // namespace hilum
