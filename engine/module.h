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

class Module {
 public:
  virtual ~Module() = default;
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // The public call: tells the profiler and the layer listener, then runs compute().
  Tensor operator()(const Tensor& x);

  virtual std::string kind() const = 0;      // "Conv2d"
  virtual std::string describe() const;      // "3x3, 32 -> 64, stride 2"; may be empty

  // Everything below this module, in order of definition, names joined by dots.
  std::vector<NamedTensor> parameters() const;
  std::vector<NamedTensor> buffers() const;  // running statistics
  std::size_t parameter_count() const;
  std::size_t trainable_count() const;
  std::vector<std::pair<std::string, Module*>> children() const;  // direct ones
  void for_each(const std::function<void(const std::string& name, Module&)>& visit,
                const std::string& prefix = "");

  void train(bool on = true);  // training or evaluation mode, this module and all below
  bool training() const { return training_; }
  void to(Device device);
  void freeze(bool frozen = true);  // parameters below need no gradient; batch norm uses fixed statistics
  bool frozen() const { return frozen_; }

  // Sum of the regularisers of all modules below; undefined where there is none.
  Tensor penalties();
  void set_regulariser(float l1, float l2);  // of this module's own weight
  float l1() const { return l1_; }
  float l2() const { return l2_; }

 protected:
  virtual Tensor compute(const Tensor& x) = 0;
  Tensor& add_parameter(const std::string& name, const Shape& shape);
  Tensor& add_buffer(const std::string& name, const Shape& shape, float value);
  template <class M>
  M& add_child(const std::string& name, std::unique_ptr<M> child) {
    M& reference = *child;
    children_.emplace_back(name, std::move(child));
    return reference;
  }

 private:
  std::vector<std::pair<std::string, std::unique_ptr<Tensor>>> parameters_, buffers_;
  std::vector<std::pair<std::string, std::unique_ptr<Module>>> children_;
  bool training_ = true, frozen_ = false;
  float l1_ = 0, l2_ = 0;
};

// Told after every module's call (summary, profiler, Grad-CAM). One listener at a time.
using LayerListener =
    std::function<void(const std::string& path, const Module&, const Tensor& input, const Tensor& output)>;
class ListenToLayers {
 public:
  explicit ListenToLayers(LayerListener listener);
  ~ListenToLayers();
};

}  // namespace hilum
