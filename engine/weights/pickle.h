// A restricted reader of Python's pickles, as PyTorch writes them. A pickle is a program for a
// small stack machine; one from a stranger may call anything. This machine knows only the
// instructions that build plain values, calls nothing, and refuses by name every global but the few
// that stand for tensors and their storages: those become plain values too, which torch_file.cpp
// interprets.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace hilum {

struct PickleValue {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,
    tuple,
    list,
    dict,
    global,
    call,
    persistent
  };
  Kind kind = Kind::none;
  std::int64_t integer = 0;  // boolean, integer
  double real = 0;
  std::string text;  // text; the name of global and call: "torch.FloatStorage"
  // Parts of tuple and list; key, value, key, value of dict; arguments of call; the one identifier
  // of persistent.
  std::vector<const PickleValue*> items;
};

// Owns the values; a graph of them may share and even contain itself.
class PickleReader {
 public:
  // `bytes` hold one or more pickles; `source` names the file in errors.
  PickleReader(std::string_view bytes, std::string source);
  // The next pickle. Data errors: cut short, an instruction or a global that is not known here.
  const PickleValue& next();
  std::size_t position() const { return at_; }                       // behind the last pickle
  const std::deque<PickleValue>& values() const { return values_; }  // all that were made

 private:
  std::string_view take(std::size_t count);
  std::uint64_t number(std::size_t bytes);  // little-endian
  std::string_view line();
  PickleValue* make(PickleValue::Kind kind);
  PickleValue* pop();
  std::vector<const PickleValue*> pop_to_mark();
  void push(PickleValue* value) { stack_.push_back(value); }
  void push_global(std::string name);
  void step(unsigned char opcode);
  void push_constant(unsigned char opcode);
  void push_number(unsigned char opcode);
  void push_text(unsigned char opcode);
  void remember(std::uint64_t key, PickleValue* value);
  void push_remembered(std::uint64_t key);
  void fill(unsigned char opcode);
  void reduce();
  void build();

  std::string_view bytes_;
  std::string source_;
  std::size_t at_ = 0;
  std::deque<PickleValue> values_;
  std::vector<PickleValue*> stack_, memo_;
  std::vector<std::size_t> marks_;
};

}  // namespace hilum
