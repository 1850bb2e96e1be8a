// The modules that networks are made of. Constructors take sizes only; initialise() (init.h) fills
// the parameters from a seed.
#pragma once

#include <fmt/format.h>

#include <span>

#include "engine/module.h"

namespace hilum {

// y = scale x + shift, one of each a channel.
struct ChannelAffine {
  std::vector<double> scale, shift;
};

class Conv2d : public Module {
 public:
  // weight KRSC [out, window, window, in / groups], bias [out] where asked for.
  Conv2d(std::size_t in, std::size_t out, std::size_t window, const Conv2dOptions& options = {},
         bool with_bias = true);
  std::string kind() const override { return "Conv2d"; }
  std::string describe() const override;
  const Conv2dOptions& options() const { return options_; }
  // Until unfold(), gives `after` of what it would give (fold.h); the parameters stay as they are.
  void fold(const ChannelAffine& after);
  void unfold() { folded_weight_ = folded_bias_ = Tensor(); }

 protected:
  Tensor compute(Tensor x) override;

 private:
  std::size_t in_, out_, window_;
  Conv2dOptions options_;
  Tensor &weight_, *bias_;
  Tensor folded_weight_, folded_bias_;  // undefined unless folded
};

// Options of a convolution that keeps the size at stride 1: padding (window - 1) / 2.
Conv2dOptions same_padding(std::size_t window, std::size_t stride = 1, std::size_t groups = 1);

class Linear : public Module {
 public:
  Linear(std::size_t in, std::size_t out, bool with_bias = true);  // weight [out, in]
  std::string kind() const override { return "Linear"; }
  std::string describe() const override;

 protected:
  Tensor compute(Tensor x) override;

 private:
  std::size_t in_, out_;
  Tensor &weight_, *bias_;
};

class ReLU;

// weight, bias; buffers running_mean, running_var. Batch statistics while training and not frozen.
class BatchNorm2d : public Module {
 public:
  explicit BatchNorm2d(std::size_t channels, float epsilon = 1e-5f, float momentum = 0.1f);
  std::string kind() const override { return "BatchNorm2d"; }
  std::string describe() const override;
  // What it does with the running statistics.
  ChannelAffine affine() const;
  // Gives back what it is given: the convolution before it has folded affine() in.
  void pass_through(bool on) { pass_through_ = on; }
  // relu(this(x) + shortcut), of which the shortcut may be undefined: as one operation where batch
  // statistics are used and nobody listens to the layers, else one after another.
  Tensor with_relu(ReLU& relu, Tensor x, Tensor shortcut = {});
  // relu(this(concat(parts))), which then need not be joined.
  Tensor with_relu(ReLU& relu, const std::vector<Tensor>& parts);
  float epsilon() const { return epsilon_; }

 protected:
  Tensor compute(Tensor x) override;

 private:
  float momentum() const;  // none where a step runs for the second time (recompute.h)

  bool pass_through_ = false;
  std::size_t channels_;
  float epsilon_, momentum_;
  Tensor &weight_, &bias_, &running_mean_, &running_var_;
};

class ReLU : public Module {
 public:
  std::string kind() const override { return "ReLU"; }

 protected:
  Tensor compute(Tensor x) override { return relu(std::move(x)); }
};

class ReLU6 : public Module {
 public:
  std::string kind() const override { return "ReLU6"; }

 protected:
  Tensor compute(Tensor x) override { return relu6(std::move(x)); }
};

class Sigmoid : public Module {
 public:
  std::string kind() const override { return "Sigmoid"; }

 protected:
  Tensor compute(Tensor x) override { return sigmoid(std::move(x)); }
};

class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(std::size_t window, std::size_t stride = 0, std::size_t pad = 0,  // 0: window
                     bool ceil_mode = false);
  std::string kind() const override { return "MaxPool2d"; }
  std::string describe() const override;
  const PoolOptions& options() const { return options_; }
  // this(relu(x)), as one operation while training.
  Tensor after_relu(ReLU& relu, Tensor x);

 protected:
  Tensor compute(Tensor x) override { return max_pool(x, options_); }

 private:
  PoolOptions options_;
};

class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(std::size_t window, std::size_t stride = 0, std::size_t pad = 0);
  std::string kind() const override { return "AvgPool2d"; }
  std::string describe() const override;

 protected:
  Tensor compute(Tensor x) override { return avg_pool(x, options_); }

 private:
  PoolOptions options_;
};

class GlobalAvgPool : public Module {
 public:
  std::string kind() const override { return "GlobalAvgPool"; }

 protected:
  Tensor compute(Tensor x) override { return global_avg_pool(x); }
};

// To side x side pixels from any size.
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(std::size_t side) : side_(side) {}
  std::string kind() const override { return "AdaptiveAvgPool2d"; }
  std::string describe() const override { return fmt::format("to {}x{}", side_, side_); }
  std::size_t side() const { return side_; }

 protected:
  Tensor compute(Tensor x) override;

 private:
  std::size_t side_;
};

// Lines of zeros below and to the right, for padding that a convolution's own, which is the same on
// both sides, cannot give.
class ZeroPad2d : public Module {
 public:
  ZeroPad2d(std::size_t bottom, std::size_t right) : bottom_(bottom), right_(right) {}
  std::string kind() const override { return "ZeroPad2d"; }
  std::string describe() const override {
    return fmt::format("bottom {}, right {}", bottom_, right_);
  }
  std::size_t bottom() const { return bottom_; }
  std::size_t right() const { return right_; }

 protected:
  Tensor compute(Tensor x) override { return zero_pad(x, 0, bottom_, 0, right_); }

 private:
  std::size_t bottom_, right_;
};

// [N,H,W,C] to [N, C*H*W], channels first: a dense layer behind it has torchvision's weights.
class Flatten : public Module {
 public:
  std::string kind() const override { return "Flatten"; }

 protected:
  Tensor compute(Tensor x) override { return flatten(x); }
};

// While training sets a share p of the values to zero and scales the others by 1 / (1 - p). The
// mask of a step is drawn from (seed, path of this layer, step): see set_dropout_state in random.h.
class Dropout : public Module {
 public:
  explicit Dropout(float p);
  float rate() const { return p_; }
  std::string kind() const override { return "Dropout"; }
  std::string describe() const override;

 protected:
  Tensor compute(Tensor x) override;

 private:
  float p_;
};

// Runs the first of the modules on x, and with it the next where one operation does the work of
// both; returns how many it has run.
std::size_t run_step(std::span<Module* const> modules, Tensor& x);

// Runs its children in order.
class Sequential : public Module {
 public:
  Sequential() = default;
  // A child of a given name, or called by its number.
  template <class M, class... Args>
  M& emplace(const std::string& name, Args&&... args) {
    return make_child<M>(name, std::forward<Args>(args)...);
  }
  template <class M, class... Args>
  M& append(Args&&... args) {
    return emplace<M>(std::to_string(children().size()), std::forward<Args>(args)...);
  }
  std::string kind() const override { return "Sequential"; }

 protected:
  Tensor compute(Tensor x) override { return run_from(0, std::move(x)); }
  // From the child of that number on.
  Tensor run_from(std::size_t first, Tensor x);
};

}  // namespace hilum
