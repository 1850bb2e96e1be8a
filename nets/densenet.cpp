// Densely connected networks: Huang, Liu, van der Maaten and Weinberger, "Densely Connected
// Convolutional Networks", CVPR 2017, arXiv 1608.06993; densenet121 is the body of CheXNet,
// densenet169 the baseline of COVID-CT. Parameters are called as torchvision calls them.
//
// Shapes of densenet121 at 224 x 224 x 3 (densenet169 has 32 and 32 layers in its last two blocks):
//
//   features.conv0, norm0, relu0  112x112x64   7x7, stride 2
//   features.pool0                56x56x64     3x3 maximum, stride 2
//   features.denseblock1          56x56x256    6 layers
//   features.transition1          28x28x128    1x1 convolution, 2x2 average, as below
//   features.denseblock2          28x28x512    12 layers
//   features.transition2          14x14x256
//   features.denseblock3          14x14x1024   24 layers
//   features.transition3          7x7x512
//   features.denseblock4          7x7x1024     16 layers
//   features.norm5, relu          7x7x1024
//   avgpool                       1024
//   classifier                    classes
//
// A layer of a block sees the outputs of all before it, side by side, and adds 32 channels: batch
// norm, ReLU, 1x1 convolution to 128, batch norm, ReLU, 3x3 convolution to 32. The smallest image
// is 29 x 29.
#include <vector>

#include "engine/layers.h"
#include "engine/scope.h"
#include "nets/makers.h"

namespace hilum {
namespace {

constexpr std::size_t growth = 32, bottleneck = 4 * growth;

class DenseLayer : public Sequential {
 public:
  explicit DenseLayer(std::size_t in) {
    norm1_ = &emplace<BatchNorm2d>("norm1", in);
    relu1_ = &emplace<ReLU>("relu1");
    emplace<Conv2d>("conv1", in, bottleneck, 1, Conv2dOptions{}, false);
    emplace<BatchNorm2d>("norm2", bottleneck);
    emplace<ReLU>("relu2");
    emplace<Conv2d>("conv2", bottleneck, growth, 3, same_padding(3), false);
  }
  // This layer of the parts side by side.
  Tensor of(const std::vector<Tensor>& parts) {
    const PathScope scope(join_path(module_path(), name()));
    return run_from(2, norm1_->with_relu(*relu1_, parts));
  }

 private:
  BatchNorm2d* norm1_;
  ReLU* relu1_;
};

class DenseBlock : public Module {
 public:
  DenseBlock(std::size_t in, std::size_t layers) {
    for (std::size_t i = 0; i < layers; ++i, in += growth) {
      layers_.push_back(&make_child<DenseLayer>("denselayer" + std::to_string(i + 1), in));
    }
  }
  std::string kind() const override { return "DenseBlock"; }
  std::string describe() const override { return "concat"; }

 protected:
  Tensor compute(Tensor x) override {
    if (!training() || listening_to_layers()) {
      for (DenseLayer* layer : layers_) x = concat({x, (*layer)(x)});
      return x;
    }
    // What the layers read stays in parts, joined in fours: joining all of them for every layer
    // would copy (and keep) each activation as often as there are layers behind it.
    std::vector<Tensor> parts = {x}, latest;
    for (DenseLayer* layer : layers_) {
      std::vector<Tensor> all = parts;
      all.insert(all.end(), latest.begin(), latest.end());
      latest.push_back(layer->of(all));
      if (latest.size() < 4) continue;
      parts.push_back(concat(latest));
      latest.clear();
    }
    parts.insert(parts.end(), latest.begin(), latest.end());
    return concat(parts);
  }

 private:
  std::vector<DenseLayer*> layers_;
};

// Halves channels and size.
void add_transition(Sequential& features, const std::string& name, std::size_t in) {
  auto& transition = features.emplace<Sequential>(name);
  transition.emplace<BatchNorm2d>("norm", in);
  transition.emplace<ReLU>("relu");
  transition.emplace<Conv2d>("conv", in, in / 2, 1, Conv2dOptions{}, false);
  transition.emplace<AvgPool2d>("pool", 2);
}

}  // namespace

std::unique_ptr<Module> make_densenet(const NetRequest& request) {
  check_size(request, 29);
  const bool deep = request.name == "densenet169";
  const std::vector<std::size_t> blocks = {6, 12, deep ? 32u : 24u, deep ? 32u : 16u};
  auto net = std::make_unique<Sequential>();
  auto& features = net->emplace<Sequential>("features");
  std::size_t channels = 64;
  features.emplace<Conv2d>("conv0", request.channels, channels, 7, same_padding(7, 2), false);
  features.emplace<BatchNorm2d>("norm0", channels);
  features.emplace<ReLU>("relu0");
  features.emplace<MaxPool2d>("pool0", 3, 2, 1);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    features.emplace<DenseBlock>("denseblock" + number, channels, blocks[i]);
    channels += blocks[i] * growth;
    if (i + 1 == blocks.size()) break;
    add_transition(features, "transition" + number, channels);
    channels /= 2;
  }
  features.emplace<BatchNorm2d>("norm5", channels);
  net->set_init(Init::he_normal_in);
  net->emplace<ReLU>("relu");
  net->emplace<GlobalAvgPool>("avgpool");
  net->emplace<Linear>("classifier", channels, request.classes).set_init(Init::torch_weight);
  return net;
}

}  // namespace hilum
