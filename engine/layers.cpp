// Bodies of layers.h: each layer hands its parameters to an operation of ops.h.
#include "engine/layers.h"

#include <cmath>

#include "engine/random.h"
#include "engine/recompute.h"
#include "engine/scope.h"
#include "kernels/error.h"

namespace hilum {
namespace {

PoolOptions square_pool(std::size_t window, std::size_t stride, std::size_t pad) {
  if (stride == 0) stride = window;
  PoolOptions options;
  options.window_h = options.window_w = window;
  options.stride_h = options.stride_w = stride;
  options.pad_h = options.pad_w = pad;
  return options;
}

// Channels per filter; refuses what conv2d could never run, before memory is taken for it.
std::size_t group_channels(std::size_t in, std::size_t out, std::size_t groups) {
  if (groups == 0 || in % groups != 0 || out % groups != 0) {
    throw usage_error("Conv2d {} -> {}: {} groups do not divide the channels evenly.", in, out,
                      groups);
  }
  return in / groups;
}

std::string describe_pool(const PoolOptions& o) {
  std::string text = fmt::format("{}x{}", o.window_h, o.window_w);
  if (o.stride_h != o.window_h) text += fmt::format(", stride {}", o.stride_h);
  if (o.pad_h != 0) text += fmt::format(", pad {}", o.pad_h);
  if (o.ceil_mode) text += ", ceiling";
  return text;
}

}  // namespace

Conv2dOptions same_padding(std::size_t window, std::size_t stride, std::size_t groups) {
  Conv2dOptions options;
  options.stride_h = options.stride_w = stride;
  options.pad_h = options.pad_w = (window - 1) / 2;
  options.groups = groups;
  return options;
}

Conv2d::Conv2d(std::size_t in, std::size_t out, std::size_t window, const Conv2dOptions& options,
               bool with_bias)
    : in_(in),
      out_(out),
      window_(window),
      options_(options),
      weight_(
          add_parameter("weight", {out, window, window, group_channels(in, out, options.groups)})),
      bias_(with_bias ? &add_parameter("bias", {out}) : nullptr) {}

std::string Conv2d::describe() const {
  std::string text = fmt::format("{}x{}, {} -> {}", window_, window_, in_, out_);
  if (options_.stride_h != 1) text += fmt::format(", stride {}", options_.stride_h);
  if (options_.pad_h != 0) text += fmt::format(", pad {}", options_.pad_h);
  if (options_.dilation_h != 1) text += fmt::format(", dilation {}", options_.dilation_h);
  if (options_.groups != 1) text += fmt::format(", groups {}", options_.groups);
  return text;
}

void Conv2d::fold(const ChannelAffine& after) {
  std::vector<float> w = weight_.values(), b(out_, 0.0f);
  if (bias_) b = bias_->values();
  const std::size_t taps = w.size() / out_;
  for (std::size_t k = 0; k < out_; ++k) {
    for (std::size_t i = 0; i < taps; ++i) {
      w[k * taps + i] = static_cast<float>(after.scale[k] * w[k * taps + i]);
    }
    b[k] = static_cast<float>(after.scale[k] * b[k] + after.shift[k]);
  }
  folded_weight_ = Tensor::from(w, weight_.shape()).to(weight_.device());
  folded_bias_ = Tensor::from(b, {out_}).to(weight_.device());
}

Tensor Conv2d::compute(Tensor x) {
  if (folded_weight_.defined()) return bias(conv2d(x, folded_weight_, options_), folded_bias_);
  Tensor y = conv2d(x, weight_, options_);
  return bias_ ? bias(std::move(y), *bias_) : y;
}

Linear::Linear(std::size_t in, std::size_t out, bool with_bias)
    : in_(in),
      out_(out),
      weight_(add_parameter("weight", {out, in})),
      bias_(with_bias ? &add_parameter("bias", {out}) : nullptr) {}

std::string Linear::describe() const { return fmt::format("{} -> {}", in_, out_); }

Tensor Linear::compute(Tensor x) {
  Tensor y = dense(x, weight_);
  return bias_ ? bias(std::move(y), *bias_) : y;
}

BatchNorm2d::BatchNorm2d(std::size_t channels, float epsilon, float momentum)
    : channels_(channels),
      epsilon_(epsilon),
      momentum_(momentum),
      weight_(add_parameter("weight", {channels})),
      bias_(add_parameter("bias", {channels})),
      running_mean_(add_buffer("running_mean", {channels}, 0)),
      running_var_(add_buffer("running_var", {channels}, 1)) {
  std::fill_n(weight_.data(), channels, 1.0f);
}

std::string BatchNorm2d::describe() const { return fmt::format("{}", channels_); }

ChannelAffine BatchNorm2d::affine() const {
  const std::vector<float> gamma = weight_.values(), beta = bias_.values(),
                           mean = running_mean_.values(), var = running_var_.values();
  ChannelAffine affine;
  for (std::size_t c = 0; c < channels_; ++c) {
    const double scale = gamma[c] / std::sqrt(static_cast<double>(var[c]) + epsilon_);
    affine.scale.push_back(scale);
    affine.shift.push_back(beta[c] - scale * mean[c]);
  }
  return affine;
}

float BatchNorm2d::momentum() const { return recomputing() ? 0 : momentum_; }

Tensor BatchNorm2d::compute(Tensor x) {
  if (pass_through_) return x;
  return batch_norm(x, weight_, bias_, running_mean_, running_var_, training() && !frozen(),
                    momentum(), epsilon_);
}

Tensor BatchNorm2d::with_relu(ReLU& relu, Tensor x, Tensor shortcut) {
  if (!training() || frozen() || listening_to_layers()) {
    Tensor y = (*this)(std::move(x));
    if (shortcut.defined()) y = add(std::move(y), shortcut);
    return relu(std::move(y));
  }
  const PathScope scope(join_path(module_path(), name()));
  return batch_norm_relu(x, weight_, bias_, running_mean_, running_var_, momentum(), epsilon_,
                         std::move(shortcut));
}

Tensor BatchNorm2d::with_relu(ReLU& relu, const std::vector<Tensor>& parts) {
  if (!training() || frozen() || listening_to_layers()) return with_relu(relu, concat(parts));
  const PathScope scope(join_path(module_path(), name()));
  return batch_norm_relu(parts, weight_, bias_, running_mean_, running_var_, momentum(), epsilon_);
}

MaxPool2d::MaxPool2d(std::size_t window, std::size_t stride, std::size_t pad, bool ceil_mode)
    : options_(square_pool(window, stride, pad)) {
  options_.ceil_mode = ceil_mode;
}
Tensor MaxPool2d::after_relu(ReLU& relu, Tensor x) {
  if (!training() || listening_to_layers()) return (*this)(relu(std::move(x)));
  const PathScope scope(join_path(module_path(), name()));
  return relu_max_pool(std::move(x), options_);
}
std::string MaxPool2d::describe() const { return describe_pool(options_); }

AvgPool2d::AvgPool2d(std::size_t window, std::size_t stride, std::size_t pad)
    : options_(square_pool(window, stride, pad)) {}
std::string AvgPool2d::describe() const { return describe_pool(options_); }

Tensor AdaptiveAvgPool2d::compute(Tensor x) {
  if (x.size(1) == side_ && x.size(2) == side_) return x;
  return adaptive_avg_pool(x, side_, side_);
}

Dropout::Dropout(float p) : p_(p) {
  if (!(p >= 0 && p < 1)) throw usage_error("Dropout: rate {}. Expected 0 <= rate < 1.", p);
}

std::string Dropout::describe() const { return fmt::format("{}", p_); }

Tensor Dropout::compute(Tensor x) {
  if (!training() || p_ == 0) return x;
  return dropout(std::move(x), p_, dropout_seed(module_path()), 0);
}

std::size_t run_step(std::span<Module* const> modules, Tensor& x) {
  if (modules.size() > 1) {
    auto* norm = dynamic_cast<BatchNorm2d*>(modules[0]);
    auto* relu = dynamic_cast<ReLU*>(modules[1]);
    if (norm != nullptr && relu != nullptr) {
      x = norm->with_relu(*relu, std::move(x));
      return 2;
    }
    auto* first_relu = dynamic_cast<ReLU*>(modules[0]);
    auto* pool = dynamic_cast<MaxPool2d*>(modules[1]);
    if (first_relu != nullptr && pool != nullptr) {
      x = pool->after_relu(*first_relu, std::move(x));
      return 2;
    }
  }
  x = (*modules[0])(std::move(x));
  return 1;
}

Tensor Sequential::run_from(std::size_t first, Tensor x) {
  std::vector<Module*> modules;
  for (const auto& [name, child] : children()) modules.push_back(child);
  for (auto rest = std::span<Module* const>(modules).subspan(first); !rest.empty();)
    rest = rest.subspan(run_step(rest, x));
  return x;
}

}  // namespace hilum
