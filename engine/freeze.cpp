// Counts the layers of one forward pass by the kernels that it runs.
#include "engine/freeze.h"

#include <algorithm>
#include <charconv>

#include "engine/layers.h"
#include "engine/scope.h"
#include "kernels/dispatch.h"
#include "kernels/error.h"

namespace hilum {
namespace {

// An observer is a plain function, so what it fills is global.
std::vector<CalledLayer>* observed = nullptr;

// A bias is part of the convolution or dense layer before it.
void observe(const KernelEvent& event) {
  const std::string op = event.op;
  if (op != "bias") observed->push_back({module_path(), op});
}

class ObserveLayers {
 public:
  explicit ObserveLayers(std::vector<CalledLayer>& layers) : before_(kernel_observer()) {
    observed = &layers;
    set_kernel_observer(observe);
  }
  ~ObserveLayers() { set_kernel_observer(before_); }
  ObserveLayers(const ObserveLayers&) = delete;
  ObserveLayers& operator=(const ObserveLayers&) = delete;

 private:
  KernelObserver before_;
};

// The body's layers: what comes before the head, less the pool and flatten that serve the head.
std::vector<CalledLayer> body_of(const std::vector<CalledLayer>& layers, const std::string& head) {
  std::vector<CalledLayer> body;
  std::copy_if(layers.begin(), layers.end(), std::back_inserter(body),
               [&](const CalledLayer& layer) { return !in_head(layer.path, head); });
  const auto serves_head = [](const std::string& op) {
    return op == "global_avg_pool" || op == "avg_pool" || op == "flatten";
  };
  while (!body.empty() && serves_head(body.back().op)) body.pop_back();
  return body;
}

// The modules that are asked for by the paths of the last layers; an add is called by its block,
// which is no reason to train all of the block.
std::vector<Module*> modules_of(Module& net, const std::vector<CalledLayer>& layers) {
  std::vector<Module*> modules;
  for (const CalledLayer& layer : layers) {
    Module& module = net.find(layer.path);
    if (module.children().empty()) modules.push_back(&module);
  }
  return modules;
}

FreezeReport report(Module& net, std::vector<CalledLayer> layers) {
  FreezeReport result;
  result.layers = layers.size();
  result.parameters = net.parameter_count();
  result.trained_parameters = net.trainable_count();
  for (const CalledLayer& layer : layers) {
    const Module& module = net.find(layer.path);
    if (!module.children().empty() || module.trainable_count() == 0) continue;
    if (std::find(result.trained.begin(), result.trained.end(), layer.path) ==
        result.trained.end()) {
      result.trained.push_back(layer.path);
    }
  }
  return result;
}

}  // namespace

Freeze parse_freeze(const std::string& text) {
  if (text == "none") return {};
  if (text == "all") return {Freeze::Kind::all, 0};
  Freeze freeze{Freeze::Kind::last, 0};
  const std::string prefix = "last:";
  const char* end = text.data() + text.size();
  if (text.starts_with(prefix)) {
    const auto [stopped, error] = std::from_chars(text.data() + prefix.size(), end, freeze.layers);
    if (error == std::errc{} && stopped == end && freeze.layers > 0) return freeze;
  }
  throw usage_error("freeze '{}': is not understood. Expected all, none or last:N, as last:20.",
                    text);
}

std::vector<CalledLayer> called_layers(Module& net, const Tensor& image) {
  const bool was_training = net.training();
  net.train(false);
  std::vector<CalledLayer> layers;
  {
    const NoGrad no_grad;
    const ObserveLayers observe_layers(layers);
    net(image);
  }
  net.train(was_training);
  return layers;
}

std::string head_name(const Module& net) {
  const auto children = net.children();
  if (children.size() < 2) {
    throw usage_error("{}: has no body and head to tell apart. Only --freeze none fits.",
                      net.kind());
  }
  return children.back().first;
}

bool in_head(const std::string& path, const std::string& head) {
  return path == head || path.starts_with(head + ".");
}

FreezeReport apply_freeze(Module& net, const Freeze& freeze, const Tensor& image) {
  const std::vector<CalledLayer> layers = called_layers(net, image);
  net.freeze(false);
  std::size_t trained = layers.size();
  if (freeze.kind != Freeze::Kind::none) {
    const std::string head = head_name(net);
    const std::vector<CalledLayer> body = body_of(layers, head);
    if (freeze.layers > body.size()) {
      throw usage_error("freeze last:{}: the body has {} layers. Expected at most that many.",
                        freeze.layers, body.size());
    }
    for (const auto& [name, child] : net.children()) child->freeze(name != head);
    const auto first = body.end() - static_cast<std::ptrdiff_t>(freeze.layers);
    for (Module* module : modules_of(net, {first, body.end()})) module->freeze(false);
    trained = layers.size() - body.size() + freeze.layers;
  }
  if (freeze.norms) {
    net.for_each([](const std::string&, Module& module) {
      if (dynamic_cast<BatchNorm2d*>(&module) != nullptr) module.freeze();
    });
  }
  FreezeReport result = report(net, layers);
  result.trained_layers = trained;
  return result;
}

}  // namespace hilum
