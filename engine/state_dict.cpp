// Networks to named tensors and back, in torchvision's layout: filters are [K,C/G,R,S] outside and
// KRSC inside. Parameters of rank 4 are filters, all others are the same in both.
#include <map>
#include <set>

#include "engine/safetensors.h"
#include "kernels/error.h"

namespace hilum {
namespace {

// Moves the last axis of [A,B,C,D] to the second place (KRSC to KCRS) or back.
Tensor filters_to_file(const Tensor& w) {
  const std::size_t k = w.size(0), taps = w.size(1) * w.size(2), c = w.size(3);
  Tensor out = Tensor::empty({k, c, w.size(1), w.size(2)});
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t t = 0; t < taps; ++t)
      for (std::size_t j = 0; j < c; ++j)
        out.data()[(i * c + j) * taps + t] = w.data()[(i * taps + t) * c + j];
  return out;
}

Tensor filters_from_file(const Tensor& file, const Shape& shape) {
  Tensor w = Tensor::empty(shape);
  const std::size_t k = w.size(0), taps = w.size(1) * w.size(2), c = w.size(3);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t t = 0; t < taps; ++t)
      for (std::size_t j = 0; j < c; ++j)
        w.data()[(i * taps + t) * c + j] = file.data()[(i * c + j) * taps + t];
  return w;
}

Shape shape_in_file(const Shape& shape) {
  return shape.rank() == 4 ? Shape{shape[0], shape[3], shape[1], shape[2]} : shape;
}

std::vector<NamedTensor> everything(const Module& module) {
  std::vector<NamedTensor> all = module.parameters();
  for (NamedTensor& buffer : module.buffers()) all.push_back(std::move(buffer));
  return all;
}

// PyTorch's batch norm counts its batches; the count matters only where momentum is not given.
bool is_ignored(const std::string& name) { return name.ends_with("num_batches_tracked"); }

}  // namespace

std::vector<NamedTensor> state_dict(const Module& module) {
  std::vector<NamedTensor> all = everything(module);
  for (NamedTensor& t : all) {
    const Tensor on_host = t.tensor.to(Device::cpu);
    t.tensor = on_host.shape().rank() == 4 ? filters_to_file(on_host) : on_host.clone();
  }
  return all;
}

void load_state_dict(Module& module, const std::vector<NamedTensor>& tensors,
                     const std::string& source) {
  std::map<std::string, const Tensor*> given;
  for (const NamedTensor& t : tensors) given[t.name] = &t.tensor;
  std::vector<NamedTensor> targets = everything(module);
  std::set<std::string> known;
  // All is checked before anything is written: a refused file leaves the network as it was.
  for (const NamedTensor& target : targets) {
    known.insert(target.name);
    const auto found = given.find(target.name);
    if (found == given.end()) {
      throw data_error("{}: tensor '{}' ({}) is missing. The file is of another network.", source,
                       target.name, shape_in_file(target.tensor.shape()).str());
    }
    const Shape expected = shape_in_file(target.tensor.shape());
    if (found->second->shape() != expected || found->second->dtype() != DType::f32) {
      throw data_error(
          "{}: tensor '{}': expected f32 {}, got {} {}. The file is of another network.", source,
          target.name, expected.str(), dtype_name(found->second->dtype()),
          found->second->shape().str());
    }
  }
  for (const NamedTensor& t : tensors) {
    if (!known.contains(t.name) && !is_ignored(t.name)) {
      throw data_error(
          "{}: tensor '{}' ({}) is unknown to this network. The file is of another one.", source,
          t.name, t.tensor.shape().str());
    }
  }
  for (NamedTensor& target : targets) {
    const Tensor& from = *given[target.name];
    const Shape& shape = target.tensor.shape();
    target.tensor.copy_from(shape.rank() == 4 ? filters_from_file(from, shape) : from);
  }
}

}  // namespace hilum
