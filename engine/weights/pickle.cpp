// The instructions of pickle protocols 2 to 4 that plain values, tensors and state dicts need.
#include "engine/weights/pickle.h"

#include <array>
#include <bit>

#include "kernels/error.h"

namespace hilum {
namespace {

using Kind = PickleValue::Kind;

// A real state dict has some ten values a tensor; this many are 10^5 tensors.
constexpr std::size_t most_values = 1'000'000;

// Arguments are copied from one value to another, so their number is bounded.
constexpr std::size_t most_arguments = 16;

// What may be named. REDUCE turns a callable one into a dict, a tuple or a Kind::call.
constexpr std::array plain_globals = {"torch.FloatStorage",
                                      "torch.DoubleStorage",
                                      "torch.HalfStorage",
                                      "torch.BFloat16Storage",
                                      "torch.LongStorage",
                                      "torch.IntStorage",
                                      "torch.ShortStorage",
                                      "torch.CharStorage",
                                      "torch.ByteStorage",
                                      "torch.BoolStorage",
                                      "collections.OrderedDict",
                                      "torch.Size",
                                      "torch._utils._rebuild_tensor",
                                      "torch._utils._rebuild_tensor_v2",
                                      "torch._utils._rebuild_parameter"};

// An instruction, for a message: its letter or its number.
std::string opcode_text(unsigned char opcode) {
  return opcode > 32 && opcode < 127 ? fmt::format("'{}'", static_cast<char>(opcode))
                                     : fmt::format("0x{:02x}", opcode);
}

}  // namespace

PickleReader::PickleReader(std::string_view bytes, std::string source)
    : bytes_(bytes), source_(std::move(source)) {}

const PickleValue& PickleReader::next() {
  stack_.clear();
  memo_.clear();
  marks_.clear();
  while (true) {
    const unsigned char opcode = static_cast<unsigned char>(take(1)[0]);
    if (opcode == '.') break;
    step(opcode);
  }
  if (stack_.size() != 1 || !marks_.empty()) {
    throw data_error("{}: its pickle ends with {} values. Expected one.", source_, stack_.size());
  }
  return *stack_.back();
}

std::string_view PickleReader::take(std::size_t count) {
  if (count > bytes_.size() - at_) {
    throw data_error(
        "{}: its pickle ends at byte {}, where {} more were expected. The file is cut short or "
        "damaged.",
        source_, bytes_.size(), count - (bytes_.size() - at_));
  }
  at_ += count;
  return bytes_.substr(at_ - count, count);
}

std::uint64_t PickleReader::number(std::size_t bytes) {
  const std::string_view raw = take(bytes);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(raw[i])) << (8 * i);
  }
  return value;
}

std::string_view PickleReader::line() {
  const std::size_t end = bytes_.find('\n', at_);
  if (end == std::string_view::npos) take(bytes_.size() - at_ + 1);  // throws
  const std::string_view text = bytes_.substr(at_, end - at_);
  at_ = end + 1;
  return text;
}

PickleValue* PickleReader::make(Kind kind) {
  if (values_.size() == most_values) {
    throw data_error("{}: its pickle holds more than {} values. Expected a state dict.", source_,
                     most_values);
  }
  PickleValue& value = values_.emplace_back();
  value.kind = kind;
  return &value;
}

PickleValue* PickleReader::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
    throw data_error("{}: its pickle takes a value that is not there, before byte {}.", source_,
                     at_);
  }
  PickleValue* value = stack_.back();
  stack_.pop_back();
  return value;
}

std::vector<const PickleValue*> PickleReader::pop_to_mark() {
  if (marks_.empty()) {
    throw data_error("{}: its pickle takes a mark that is not there, before byte {}.", source_,
                     at_);
  }
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<const PickleValue*> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleReader::push_global(std::string name) {
  for (const char* known : plain_globals) {
    if (name != known) continue;
    PickleValue* value = make(Kind::global);
    value->text = std::move(name);
    return push(value);
  }
  throw data_error(
      "{}: its pickle asks for '{}', which no weights need. It was refused, nothing was run. Save "
      "the state dict alone: torch.save(model.state_dict(), path).",
      source_, name);
}

void PickleReader::remember(std::uint64_t key, PickleValue* value) {
  if (key > at_) {  // writers count from 0, a few bytes a value
    throw data_error("{}: its pickle remembers a value as number {}, out of turn.", source_, key);
  }
  if (memo_.size() <= key) memo_.resize(key + 1, nullptr);
  memo_[key] = value;
}

void PickleReader::push_remembered(std::uint64_t key) {
  if (key >= memo_.size() || memo_[key] == nullptr) {
    throw data_error("{}: its pickle recalls value {}, which it has not remembered.", source_, key);
  }
  push(memo_[key]);
}

void PickleReader::push_constant(unsigned char opcode) {
  PickleValue* value = make(opcode == 'N' ? Kind::none : Kind::boolean);
  value->integer = opcode == 0x88;
  push(value);
}

void PickleReader::push_number(unsigned char opcode) {
  PickleValue* value = make(opcode == 'G' ? Kind::real : Kind::integer);
  if (opcode == 'G') {  // BINFLOAT: big-endian
    std::uint64_t bits = 0;
    for (const char byte : take(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
    value->real = std::bit_cast<double>(bits);
  } else if (opcode == 0x8a) {  // LONG1
    const std::uint64_t length = number(1);
    if (length > 8) {
      throw data_error("{}: its pickle holds a number of {} bytes. Expected at most 8.", source_,
                       length);
    }
    const std::uint64_t raw = number(length);
    const std::uint64_t unused = 64 - 8 * length;  // extend the sign
    value->integer = length == 0 ? 0 : static_cast<std::int64_t>(raw << unused) >> unused;
  } else if (opcode == 'J') {  // BININT
    value->integer = static_cast<std::int32_t>(number(4));
  } else {  // BININT1, BININT2
    value->integer = static_cast<std::int64_t>(number(opcode == 'K' ? 1 : 2));
  }
  push(value);
}

void PickleReader::push_text(unsigned char opcode) {
  // BINUNICODE and BINSTRING (Python 2) have four bytes of length, their SHORT_ kinds one.
  const bool is_short = opcode == 0x8c || opcode == 'U';
  const std::uint64_t length = number(is_short ? 1 : 4);
  PickleValue* value = make(Kind::text);
  value->text = take(length);
  push(value);
}

void PickleReader::fill(unsigned char opcode) {
  std::vector<const PickleValue*> items;
  if (opcode == 'e' || opcode == 'u') {  // APPENDS, SETITEMS
    items = pop_to_mark();
  } else {  // APPEND, SETITEM
    items = {pop()};
    if (opcode == 's') items.insert(items.begin(), pop());
  }
  PickleValue* target = pop();
  const bool dict = opcode == 's' || opcode == 'u';
  if (target->kind != (dict ? Kind::dict : Kind::list) || (dict && items.size() % 2 != 0)) {
    throw data_error("{}: its pickle fills what is no {}, before byte {}.", source_,
                     dict ? "dict" : "list", at_);
  }
  target->items.insert(target->items.end(), items.begin(), items.end());
  push(target);
}

void PickleReader::reduce() {
  const PickleValue* arguments = pop();
  const PickleValue* callable = pop();
  if (callable->kind != Kind::global || arguments->kind != Kind::tuple ||
      arguments->items.size() > most_arguments || callable->text.ends_with("Storage")) {
    throw data_error("{}: its pickle calls what cannot be called, before byte {}.", source_, at_);
  }
  if (callable->text == "collections.OrderedDict") {
    if (!arguments->items.empty()) {
      throw data_error("{}: its pickle makes an OrderedDict in an unknown way.", source_);
    }
    return push(make(Kind::dict));
  }
  PickleValue* call = make(callable->text == "torch.Size" ? Kind::tuple : Kind::call);
  call->text = callable->text;
  call->items = arguments->items;
  if (call->kind == Kind::tuple) {
    if (arguments->items.size() != 1 || arguments->items[0]->items.size() > most_arguments) {
      throw data_error("{}: its pickle makes a torch.Size in an unknown way.", source_);
    }
    call->items = arguments->items[0]->items;
  }
  push(call);
}

// A state dict carries its versions in an attribute, which is of no use here.
void PickleReader::build() {
  const PickleValue* state = pop();
  PickleValue* target = pop();
  if (state->kind != Kind::dict || target->kind != Kind::dict) {
    throw data_error("{}: its pickle sets attributes of what is no dict, before byte {}.", source_,
                     at_);
  }
  push(target);
}

void PickleReader::step(unsigned char opcode) {
  switch (opcode) {
    case 0x80:  // PROTO
      take(1);
      return;
    case 0x95:  // FRAME
      take(8);
      return;
    case 'N':
    case 0x88:
    case 0x89:
      return push_constant(opcode);
    case 'J':
    case 'K':
    case 'M':
    case 'G':
    case 0x8a:
      return push_number(opcode);
    case 'X':
    case 0x8c:
    case 'T':
    case 'U':
      return push_text(opcode);
    case '(':
      return marks_.push_back(stack_.size());
    case ')':
      return push(make(Kind::tuple));
    case ']':
      return push(make(Kind::list));
    case '}':
      return push(make(Kind::dict));
    case 't': {
      PickleValue* tuple = make(Kind::tuple);
      tuple->items = pop_to_mark();
      return push(tuple);
    }
    case 0x85:
    case 0x86:
    case 0x87: {  // TUPLE1 to TUPLE3
      PickleValue* tuple = make(Kind::tuple);
      tuple->items.resize(opcode - 0x84u);
      for (std::size_t i = tuple->items.size(); i-- > 0;) tuple->items[i] = pop();
      return push(tuple);
    }
    case 'a':
    case 'e':
    case 's':
    case 'u':
      return fill(opcode);
    case 'q':
    case 'r': {  // BINPUT, LONG_BINPUT
      const std::uint64_t key = number(opcode == 'q' ? 1 : 4);
      PickleValue* top = pop();
      push(top);
      return remember(key, top);
    }
    case 0x94: {  // MEMOIZE
      PickleValue* top = pop();
      push(top);
      return remember(memo_.size(), top);
    }
    case 'h':
    case 'j':  // BINGET, LONG_BINGET
      return push_remembered(number(opcode == 'h' ? 1 : 4));
    case 'c': {  // GLOBAL
      const std::string module(line());
      return push_global(module + "." + std::string(line()));
    }
    case 0x93: {  // STACK_GLOBAL
      const std::string name = pop()->text;
      return push_global(pop()->text + "." + name);
    }
    case 'R':
      return reduce();
    case 'b':
      return build();
    case 'Q': {  // BINPERSID
      PickleValue* value = make(Kind::persistent);
      value->items = {pop()};
      return push(value);
    }
    default:
      throw data_error(
          "{}: its pickle has the instruction {} at byte {}, which no weights need. It was "
          "refused, "
          "nothing was run.",
          source_, opcode_text(opcode), at_ - 1);
  }
}

}  // namespace hilum
