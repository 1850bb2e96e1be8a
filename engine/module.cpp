// Walks over modules, and the call that tells profiler and listener where we are.
#include "engine/module.h"

#include "engine/scope.h"
#include "kernels/error.h"

namespace hilum {
namespace {
LayerListener current_listener;
}

Tensor Module::operator()(Tensor x) {
  const PathScope scope(join_path(module_path(), name_));
  if (!current_listener) return compute(std::move(x));
  Tensor y = compute(x);
  current_listener(module_path(), *this, x, y);
  return y;
}

void Module::collect(Tensors Module::*which, const std::string& prefix,
                     std::vector<NamedTensor>& out) const {
  for (const auto& [name, tensor] : this->*which) out.push_back({join_path(prefix, name), *tensor});
  for (const auto& [name, child] : children_) child->collect(which, join_path(prefix, name), out);
}

std::vector<NamedTensor> Module::parameters() const {
  std::vector<NamedTensor> all;
  collect(&Module::parameters_, "", all);
  return all;
}

std::vector<NamedTensor> Module::buffers() const {
  std::vector<NamedTensor> all;
  collect(&Module::buffers_, "", all);
  return all;
}

std::size_t Module::parameter_count() const {
  std::size_t count = 0;
  for (const NamedTensor& p : parameters()) count += p.tensor.count();
  return count;
}

std::size_t Module::trainable_count() const {
  std::size_t count = 0;
  for (const NamedTensor& p : parameters()) {
    if (p.tensor.requires_grad()) count += p.tensor.count();
  }
  return count;
}

std::vector<std::pair<std::string, Module*>> Module::children() const {
  std::vector<std::pair<std::string, Module*>> all;
  for (const auto& [name, child] : children_) all.emplace_back(name, child.get());
  return all;
}

Tensor Module::parameter(const std::string& name) const {
  for (const auto& [own, tensor] : parameters_) {
    if (own == name) return *tensor;
  }
  return {};
}

void Module::for_each(const std::function<void(const std::string&, Module&)>& visit,
                      const std::string& prefix) {
  visit(prefix, *this);
  for (auto& [name, child] : children_) child->for_each(visit, join_path(prefix, name));
}

Module& Module::find(const std::string& path) {
  Module* found = nullptr;
  std::string names;
  for_each([&](const std::string& name, Module& module) {
    if (name == path) found = &module;
    if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
  });
  if (found == nullptr) throw usage_error("no layer '{}'. Expected one of: {}.", path, names);
  return *found;
}

void Module::train(bool on) {
  for_each([on](const std::string&, Module& m) { m.training_ = on; });
}

void Module::to(Device device) {
  for_each([device](const std::string&, Module& m) {
    for (Tensors* tensors : {&m.parameters_, &m.buffers_}) {
      for (auto& [name, tensor] : *tensors) {
        const bool wants_grad = tensor->requires_grad();
        *tensor = tensor->to(device);
        tensor->set_requires_grad(wants_grad);
      }
    }
  });
}

void Module::freeze(bool frozen) {
  for_each([frozen](const std::string&, Module& m) {
    m.frozen_ = frozen;
    for (auto& [name, tensor] : m.parameters_) {
      tensor->set_requires_grad(!frozen);
      tensor->clear_grad();
    }
  });
}

Tensor Module::penalties() {
  Tensor sum;
  for_each([&sum](const std::string& path, Module& m) {
    const Tensor weight = m.parameter("weight");
    if (m.frozen_ || (m.l1_ == 0 && m.l2_ == 0) || !weight.defined()) return;
    const PathScope scope(path);
    Tensor own = penalty(weight, m.l1_, m.l2_);
    sum = sum.defined() ? add(std::move(sum), own) : own;
  });
  return sum;
}

void Module::set_regulariser(float l1, float l2) {
  if (!parameter("weight").defined()) {
    throw usage_error("regulariser: {} has no weight.", kind());
  }
  l1_ = l1;
  l2_ = l2;
}

void Module::set_init(Init init) {
  for_each([init](const std::string&, Module& m) { m.init_ = init; });
}

Tensor& Module::add_parameter(const std::string& name, const Shape& shape) {
  parameters_.emplace_back(name, std::make_unique<Tensor>(Tensor::zeros(shape)));
  return parameters_.back().second->set_requires_grad(true);
}

Tensor& Module::add_buffer(const std::string& name, const Shape& shape, float value) {
  buffers_.emplace_back(name, std::make_unique<Tensor>(Tensor::full(shape, value)));
  return *buffers_.back().second;
}

bool listening_to_layers() { return static_cast<bool>(current_listener); }

ListenToLayers::ListenToLayers(LayerListener listener)
    : before_(std::exchange(current_listener, std::move(listener))) {}

ListenToLayers::~ListenToLayers() { current_listener = std::move(before_); }

}  // namespace hilum
