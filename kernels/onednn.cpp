// The state behind onednn.h: one engine and one stream a process, primitives a thread.
#include "kernels/onednn.h"

#ifdef HILUM_HAVE_ONEDNN

#include <omp.h>

#include "kernels/error.h"

namespace hilum::onednn {
namespace {

dnnl::stream& stream() {
  static dnnl::stream stream(engine());
  return stream;
}

void set_pointer(dnnl::memory& memory, const void* pointer) {
  // oneDNN has one type for inputs and outputs; inputs are not written.
  memory.set_data_handle(const_cast<void*>(pointer));
}

}  // namespace

const dnnl::engine& engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::memory::desc tensor(const dnnl::memory::dims& dims, dnnl::memory::format_tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

void Primitive::input(int argument, const dnnl::memory::desc& ours,
                      const dnnl::memory::desc& wanted) {
  Operand operand{argument, dnnl::memory(ours, engine(), nullptr), {}, {}};
  if (ours != wanted) {
    operand.buffer = dnnl::memory(wanted, engine());
    operand.transport = dnnl::reorder(operand.ours, operand.buffer);
  }
  arguments_[argument] = ours == wanted ? operand.ours : operand.buffer;
  inputs_.push_back(operand);
}

void Primitive::output(int argument, const dnnl::memory::desc& ours,
                       const dnnl::memory::desc& wanted) {
  Operand operand{argument, dnnl::memory(ours, engine(), nullptr), {}, {}};
  if (ours != wanted) {
    operand.buffer = dnnl::memory(wanted, engine());
    operand.transport = dnnl::reorder(operand.buffer, operand.ours);
  }
  arguments_[argument] = ours == wanted ? operand.ours : operand.buffer;
  outputs_.push_back(operand);
}

void Primitive::own(int argument, const dnnl::memory::desc& wanted) {
  arguments_[argument] = dnnl::memory(wanted, engine());
}

void Primitive::share(int argument, const Primitive& other) {
  arguments_[argument] = other.arguments_.at(argument);
}

void Primitive::run(std::initializer_list<std::pair<int, const void*>> pointers) {
  for (const auto& [argument, pointer] : pointers) {
    for (Operand& operand : inputs_) {
      if (operand.argument == argument) set_pointer(operand.ours, pointer);
    }
    for (Operand& operand : outputs_) {
      if (operand.argument == argument) set_pointer(operand.ours, pointer);
    }
  }
  for (Operand& operand : inputs_) {
    if (operand.buffer) operand.transport.execute(stream(), operand.ours, operand.buffer);
  }
  primitive_.execute(stream(), arguments_);
  for (Operand& operand : outputs_) {
    if (operand.buffer) operand.transport.execute(stream(), operand.buffer, operand.ours);
  }
  stream().wait();
}

Primitive& cached(const std::string& key, const std::function<Primitive()>& build) {
  thread_local std::unordered_map<std::string, Primitive> primitives;
  const std::string full_key = key + " t" + std::to_string(omp_get_max_threads());
  auto found = primitives.find(full_key);
  if (found == primitives.end()) {
    try {
      found = primitives.emplace(full_key, build()).first;
    } catch (const dnnl::error& error) {
      throw device_error("onednn {}: the primitive cannot be built: {}. Choose another row.", key,
                         error.what());
    }
  }
  return found->second;
}

}  // namespace hilum::onednn

#endif
