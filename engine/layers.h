// The modules that networks are made of. Constructors take sizes only; initialise() (init.h) fills
// the parameters from a seed.
#pragma once

#include "engine/module.h"

namespace hilum {

class Conv2d : public Module {
 public:
  // weight KRSC, bias K where asked for.
  Conv2d(std::size_t in, std::size_t out, std::size_t window, const Conv2dOptions& options = {},
         bool with_bias = true);
  std::string kind() const override { return "Conv2d"; }
  std::string describe() const override;

 protected:
  Tensor compute(const Tensor& x) override;
};

class Linear : public Module {
 public:
  Linear(std::size_t in, std::size_t out, bool with_bias = true);  // weight [out, in]
  std::string kind() const override { return "Linear"; }
  std::string describe() const override;

 protected:
  Tensor compute(const Tensor& x) override;
};

class BatchNorm2d : public Module {  // weight, bias; buffers running_mean, running_var
 public:
  explicit BatchNorm2d(std::size_t channels, float epsilon = 1e-5f, float momentum = 0.1f);
};
class ReLU : public Module {};
class Sigmoid : public Module {};
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(std::size_t window, std::size_t stride = 0, std::size_t pad = 0);  // 0: window
};
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(std::size_t window, std::size_t stride = 0, std::size_t pad = 0);
};
class GlobalAvgPool : public Module {};
class Flatten : public Module {};
class Dropout : public Module {
 public:
  // The mask of a step is drawn from (seed, layer, step): see set_dropout_state in random.h.
  explicit Dropout(float p);
};

// Children are called "0", "1", … or as given.
class Sequential : public Module {
 public:
  Sequential() = default;
  template <class M, class... Args>
  M& emplace(const std::string& name, Args&&... args) {
    return add_child(name, std::make_unique<M>(std::forward<Args>(args)...));
  }
};

}  // namespace hilum
