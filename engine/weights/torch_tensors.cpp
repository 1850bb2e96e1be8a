// Interprets what pickle.h leaves as plain values. Every index is checked before it is used.
#include "engine/weights/torch_tensors.h"

#include <map>

#include "kernels/error.h"

namespace hilum {
namespace {

using Kind = PickleValue::Kind;

const std::map<std::string, NumberType>& storage_types() {
  static const std::map<std::string, NumberType> types = {
      {"torch.FloatStorage", NumberType::f32}, {"torch.DoubleStorage", NumberType::f64},
      {"torch.HalfStorage", NumberType::f16},  {"torch.BFloat16Storage", NumberType::bf16},
      {"torch.LongStorage", NumberType::i64},  {"torch.IntStorage", NumberType::i32},
      {"torch.ShortStorage", NumberType::i16}, {"torch.CharStorage", NumberType::i8},
      {"torch.ByteStorage", NumberType::u8},   {"torch.BoolStorage", NumberType::boolean}};
  return types;
}

bool is_tensor(const PickleValue& value) { return value.kind == Kind::call; }

std::uint64_t whole(const PickleValue& value, const std::string& source, const std::string& what) {
  if (value.kind != Kind::integer || value.integer < 0) {
    throw data_error("{}: {} is no whole number from 0 on. The file is damaged.", source, what);
  }
  return static_cast<std::uint64_t>(value.integer);
}

std::vector<std::uint64_t> numbers(const PickleValue& value, const std::string& source,
                                   const std::string& what) {
  if (value.kind != Kind::tuple || value.items.size() > Shape::max_rank) {
    throw data_error("{}: {} has {} axes or none. Expected at most {}.", source, what,
                     value.items.size(), Shape::max_rank);
  }
  std::vector<std::uint64_t> all;
  for (const PickleValue* item : value.items) all.push_back(whole(*item, source, what));
  return all;
}

// A window on a storage, as torch._utils._rebuild_tensor_v2 is told of it.
struct View {
  TorchStorage storage;
  std::uint64_t offset = 0;
  std::vector<std::uint64_t> sizes, strides;
};

View parse_view(const PickleValue& call, const std::string& source, const std::string& name) {
  const PickleValue* tensor = &call;
  if (call.text == "torch._utils._rebuild_parameter" && !call.items.empty()) {
    tensor = call.items[0];
  }
  if (tensor->kind != Kind::call || !tensor->text.starts_with("torch._utils._rebuild_tensor") ||
      tensor->items.size() < 4) {
    throw data_error("{}: tensor '{}' is made in an unknown way. The file is damaged.", source,
                     name);
  }
  const std::string what = "tensor '" + name + "'";
  return {parse_storage(*tensor->items[0], source), whole(*tensor->items[1], source, what),
          numbers(*tensor->items[2], source, what), numbers(*tensor->items[3], source, what)};
}

// Checks that all of the view lies in its storage; returns its shape. A tensor that shows numbers
// more than once (an expanded one) is refused: a few bytes could claim any size.
Shape check_view(const View& view, const std::string& source, const std::string& name) {
  auto fail = [&](const std::string& what) {
    return data_error("{}: tensor '{}': {}. The file is damaged.", source, name, what);
  };
  if (view.sizes.size() != view.strides.size()) throw fail("sizes and strides differ in number");
  std::uint64_t count = 1, last = view.offset;
  for (const std::uint64_t size : view.sizes) {
    if (size != 0 && count > view.storage.count / size) {
      throw fail(fmt::format("claims more numbers than the {} of its storage", view.storage.count));
    }
    count *= size;
  }
  for (std::size_t i = 0; count != 0 && i < view.sizes.size(); ++i) {
    const std::uint64_t steps = view.sizes[i] - 1;
    if (steps != 0 && view.strides[i] > view.storage.count / steps) {
      throw fail("strides past the end of its storage");
    }
    last += steps * view.strides[i];
  }
  if (count != 0 && last >= view.storage.count) throw fail("reaches past the end of its storage");
  return Shape(std::vector<std::size_t>(view.sizes.begin(), view.sizes.end()));
}

// Calls visit(place in the storage, place in the row-major result).
template <class Visit>
void for_each_place(const View& view, const Shape& shape, Visit visit) {
  std::vector<std::uint64_t> index(shape.rank(), 0);
  std::uint64_t at = view.offset;
  for (std::size_t i = 0; i < shape.count(); ++i) {
    visit(at, i);
    for (std::size_t axis = shape.rank(); axis-- > 0;) {
      at += view.strides[axis];
      if (++index[axis] < view.sizes[axis]) break;
      at -= view.strides[axis] * view.sizes[axis];
      index[axis] = 0;
    }
  }
}

const PickleValue* state_dict_in(const PickleValue& top, const std::string& source) {
  auto has_tensors = [](const PickleValue& value) {
    if (value.kind != Kind::dict) return false;
    for (std::size_t i = 1; i < value.items.size(); i += 2) {
      if (is_tensor(*value.items[i])) return true;
    }
    return false;
  };
  if (has_tensors(top)) return &top;
  std::string keys;
  if (top.kind == Kind::dict) {
    for (const char* wrapper : {"state_dict", "model_state_dict", "model", "net", "weights"}) {
      for (std::size_t i = 0; i + 1 < top.items.size(); i += 2) {
        if (top.items[i]->text == wrapper && has_tensors(*top.items[i + 1])) {
          return top.items[i + 1];
        }
      }
    }
    for (std::size_t i = 0; i < top.items.size() && i < 20; i += 2) {
      keys += (keys.empty() ? "" : ", ") + top.items[i]->text;
    }
  }
  throw data_error("{}: holds no state dict. Expected tensors by name; it has: {}.", source,
                   keys.empty() ? "nothing by name" : keys);
}

}  // namespace

TorchStorage parse_storage(const PickleValue& persistent, const std::string& source) {
  auto fail = [&] {
    return data_error("{}: a storage is named in an unknown way. The file is damaged.", source);
  };
  if (persistent.kind != Kind::persistent) throw fail();
  const PickleValue& id = *persistent.items[0];
  if (id.kind != Kind::tuple || id.items.size() < 5 || id.items[0]->text != "storage" ||
      id.items[2]->kind != Kind::text || !storage_types().contains(id.items[1]->text)) {
    throw fail();
  }
  TorchStorage storage{storage_types().at(id.items[1]->text), id.items[2]->text,
                       whole(*id.items[4], source, "the size of a storage")};
  if (id.items.size() > 5 && id.items[5]->kind != Kind::none) {
    const PickleValue& view = *id.items[5];  // (key, offset, count)
    if (view.kind != Kind::tuple || view.items.size() != 3) throw fail();
    storage.offset = whole(*view.items[1], source, "the offset of a storage");
    storage.count = whole(*view.items[2], source, "the size of a storage");
  }
  if (storage.count > std::uint64_t{1} << 48 || storage.offset > std::uint64_t{1} << 48)
    throw fail();
  return storage;
}

void read_state_dict(const PickleValue& top, const StorageReader& read, ReadBudget& budget,
                     WeightFile& result) {
  const PickleValue& dict = *state_dict_in(top, result.path);
  std::string loaded;       // key of the storage in `bytes`: tensors that share one mostly follow
  std::vector<char> bytes;  // each other
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const std::string& name = dict.items[i]->text;
    if (!is_tensor(*dict.items[i + 1])) {
      result.notes.push_back(fmt::format("'{}' is no tensor and was left out", name));
      continue;
    }
    View view = parse_view(*dict.items[i + 1], result.path, name);
    const Shape shape = check_view(view, result.path, name);
    const std::string key = fmt::format("{} {}", view.storage.key, view.storage.offset);
    if (loaded != key || bytes.size() != view.storage.bytes()) {
      budget.take(view.storage.bytes(), name);
      bytes = read(view.storage);
      loaded = key;
    }
    budget.take(shape.count() * sizeof(float), name);
    Tensor tensor = Tensor::empty(shape);
    const std::size_t width = bytes_of(view.storage.type);
    for_each_place(view, shape, [&](std::uint64_t from, std::size_t to) {
      to_float(view.storage.type, bytes.data() + from * width, 1, tensor.data() + to);
    });
    result.tensors.push_back({name, "", view.storage.type, std::move(tensor)});
  }
}

}  // namespace hilum
