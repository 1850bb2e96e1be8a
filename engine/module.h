// Modules: layers with parameters, composed into networks. Names are torchvision's: a parameter is
// called by the path of modules that leads to it ("layer1.0.conv1.weight").
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/ops.h"
#include "engine/tensor.h"

namespace hilum {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// How initialise() (init.h) fills weights; biases follow from it.
enum class Init {
  glorot_uniform,  // uniform in +-sqrt(6 / (fan_in + fan_out)), bias 0: Keras' default
  he_normal,       // normal of deviation sqrt(2 / fan_out), bias 0: torchvision's ResNet, VGG
  he_normal_in,    // the same with fan_in: torchvision's DenseNet
  he_uniform,      // uniform in +-sqrt(6 / fan_in), bias 0: torchvision's SqueezeNet
  small_normal,    // normal of deviation 0.01, bias 0: torchvision's heads of VGG and SqueezeNet
  torch_default,   // uniform in +-sqrt(1 / fan_in), bias too: torch.nn.Linear and Conv2d
  torch_weight,    // the same with bias 0: torchvision's head of DenseNet
};

class Module {
 public:
  virtual ~Module() = default;
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // The public call: sets the module path, runs compute(), tells the layer listener. x is handed
  // over with std::move where the caller needs it no more, so that layers may work in place.
  Tensor operator()(Tensor x);

  virtual std::string kind() const = 0;                // "Conv2d"
  virtual std::string describe() const { return ""; }  // "3x3, 32 -> 64, stride 2"

  // Everything below this module, in order of definition, names joined by dots.
  std::vector<NamedTensor> parameters() const;
  std::vector<NamedTensor> buffers() const;  // running statistics
  std::size_t parameter_count() const;
  std::size_t trainable_count() const;
  std::vector<std::pair<std::string, Module*>> children() const;  // direct ones
  // Direct parameter of this name; undefined where there is none.
  Tensor parameter(const std::string& name) const;
  // This module (under `prefix`), then all below it.
  void for_each(const std::function<void(const std::string& name, Module&)>& visit,
                const std::string& prefix = "");
  // The module of that path; a usage error that lists the modules where there is none.
  Module& find(const std::string& path);

  void train(bool on = true);  // training or evaluation mode, this module and all below
  bool training() const { return training_; }
  void to(Device device);  // before an optimiser takes the parameters
  // Parameters below need no gradient; batch norm uses its running statistics and leaves them
  // alone.
  void freeze(bool frozen = true);
  bool frozen() const { return frozen_; }

  // Sum of the regularisers of all modules below that are not frozen; undefined where there is
  // none.
  Tensor penalties();
  void set_regulariser(float l1, float l2);  // of this module's own weight
  float l1() const { return l1_; }
  float l2() const { return l2_; }

  void set_init(Init init);  // this module and all below
  Init init() const { return init_; }

 protected:
  virtual Tensor compute(Tensor x) = 0;
  const std::string& name() const { return name_; }  // as the parent calls it
  Tensor& add_parameter(const std::string& name, const Shape& shape);
  Tensor& add_buffer(const std::string& name, const Shape& shape, float value);
  template <class M>
  M& add_child(const std::string& name, std::unique_ptr<M> child) {
    M& reference = *child;
    static_cast<Module&>(reference).name_ = name;
    children_.emplace_back(name, std::move(child));
    return reference;
  }
  template <class M, class... Args>
  M& make_child(const std::string& name, Args&&... args) {
    return add_child(name, std::make_unique<M>(std::forward<Args>(args)...));
  }

 private:
  using Tensors = std::vector<std::pair<std::string, std::unique_ptr<Tensor>>>;
  void collect(Tensors Module::*which, const std::string& prefix,
               std::vector<NamedTensor>& out) const;

  std::string name_;  // as the parent calls it
  Tensors parameters_, buffers_;
  std::vector<std::pair<std::string, std::unique_ptr<Module>>> children_;
  bool training_ = true, frozen_ = false;
  float l1_ = 0, l2_ = 0;
  Init init_ = Init::glorot_uniform;
};

// Told after every module's call (summary, Grad-CAM): the path, the module, what went in and what
// came out. One listener at a time; an inner one takes over while it lives.
using LayerListener = std::function<void(const std::string& path, const Module&,
                                         const Tensor& input, const Tensor& output)>;
bool listening_to_layers();
class ListenToLayers {
 public:
  explicit ListenToLayers(LayerListener listener);
  ~ListenToLayers();
  ListenToLayers(const ListenToLayers&) = delete;
  ListenToLayers& operator=(const ListenToLayers&) = delete;

 private:
  LayerListener before_;
};

}  // namespace hilum
