// Deep residual networks: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition",
// CVPR 2016, arXiv 1512.03385; as torchvision has them, with the stride in the 3x3 convolution of a
// bottleneck. Parameters are called as torchvision calls them.
//
// Shapes at 224 x 224 x 3; blocks and channels of resnet50:
//
//   conv1, bn1, relu  112x112x64    7x7, stride 2
//   maxpool           56x56x64      3x3, stride 2
//   layer1            56x56x256     3 blocks
//   layer2            28x28x512     4 blocks, the first with stride 2, as below
//   layer3            14x14x1024    6 blocks
//   layer4            7x7x2048      3 blocks
//   avgpool           2048
//   fc                classes
//
// resnet18 and resnet34 have blocks of two 3x3 convolutions and a quarter of these channels; the
// others have bottlenecks of 1x1, 3x3 and 1x1, the last four times as wide. Every block ends in
// relu(y + shortcut), the shortcut being the block's input, or a 1x1 convolution of it
// ("downsample") where the shape changes. Every size of image leaves at least one pixel.
//
// resnet50:gap is the network of an experiment on CT slices: ResNet-50 up to the average pool, then
// Dense 128, ReLU, Dropout 0.5, Dense classes; the widths are ours, the experiment's are not known.
#include <map>
#include <vector>

#include "engine/layers.h"
#include "nets/makers.h"

namespace hilum {
namespace {

struct Plan {
  std::vector<std::size_t> blocks;  // in each of the four layers
  bool bottleneck;
};

const Plan& plan_of(const std::string& name) {
  static const std::map<std::string, Plan> plans = {
      {"resnet18", {{2, 2, 2, 2}, false}},  {"resnet34", {{3, 4, 6, 3}, false}},
      {"resnet50", {{3, 4, 6, 3}, true}},   {"resnet101", {{3, 4, 23, 3}, true}},
      {"resnet152", {{3, 8, 36, 3}, true}},
  };
  return plans.at(name);
}

class ResidualBlock : public Module {
 public:
  // Two 3x3 convolutions of `width` channels, or a bottleneck of that width.
  ResidualBlock(std::size_t in, std::size_t width, std::size_t stride, bool bottleneck)
      : bottleneck_(bottleneck) {
    const std::size_t out = bottleneck ? 4 * width : width;
    if (bottleneck) {
      add_convolution(in, width, 1, 1);
      add_convolution(width, width, 3, stride);
      add_convolution(width, out, 1, 1);
    } else {
      add_convolution(in, width, 3, stride);
      add_convolution(width, width, 3, 1);
    }
    if (stride != 1 || in != out) {
      downsample_ = &make_child<Sequential>("downsample");
      downsample_->append<Conv2d>(in, out, 1, same_padding(1, stride), false);
      downsample_->append<BatchNorm2d>(out);
    }
  }
  std::string kind() const override { return bottleneck_ ? "Bottleneck" : "BasicBlock"; }
  std::string describe() const override { return "add"; }

 protected:
  Tensor compute(Tensor x) override {
    Tensor y = x;
    for (const Step& step : steps_) {
      const bool last = &step == &steps_.back();
      Tensor shortcut;
      y = step.conv(std::move(y));
      if (last) shortcut = downsample_ ? (*downsample_)(std::move(x)) : std::move(x);
      y = step.bn.with_relu(step.relu, std::move(y), std::move(shortcut));
    }
    return y;
  }

 private:
  struct Step {
    Conv2d& conv;
    BatchNorm2d& bn;
    ReLU& relu;  // of the last step: behind the addition
  };

  void add_convolution(std::size_t in, std::size_t out, std::size_t window, std::size_t stride) {
    const std::string number = std::to_string(steps_.size() + 1);
    Conv2d& conv =
        make_child<Conv2d>("conv" + number, in, out, window, same_padding(window, stride), false);
    BatchNorm2d& bn = make_child<BatchNorm2d>("bn" + number, out);
    steps_.push_back({conv, bn, make_child<ReLU>("relu" + number)});
  }

  bool bottleneck_;
  std::vector<Step> steps_;
  Sequential* downsample_ = nullptr;
};

}  // namespace

std::unique_ptr<Module> make_resnet(const NetRequest& request) {
  const Plan& plan = plan_of(request.name);
  check_size(request, 1);
  auto net = std::make_unique<Sequential>();
  net->emplace<Conv2d>("conv1", request.channels, 64, 7, same_padding(7, 2), false);
  net->emplace<BatchNorm2d>("bn1", 64);
  net->emplace<ReLU>("relu");
  net->emplace<MaxPool2d>("maxpool", 3, 2, 1);
  std::size_t in = 64;
  for (std::size_t layer = 0; layer < plan.blocks.size(); ++layer) {
    const std::size_t width = std::size_t{64} << layer;
    auto& blocks = net->emplace<Sequential>("layer" + std::to_string(layer + 1));
    for (std::size_t block = 0; block < plan.blocks[layer]; ++block) {
      const std::size_t stride = layer > 0 && block == 0 ? 2 : 1;
      blocks.append<ResidualBlock>(in, width, stride, plan.bottleneck);
      in = plan.bottleneck ? 4 * width : width;
    }
  }
  net->set_init(Init::he_normal);
  net->emplace<GlobalAvgPool>("avgpool");
  if (request.variant == "gap") {
    auto& head = net->emplace<Sequential>("fc");
    head.append<Linear>(in, 128);
    head.append<ReLU>();
    head.append<Dropout>(0.5f);
    head.append<Linear>(128, request.classes);
  } else {
    net->emplace<Linear>("fc", in, request.classes).set_init(Init::torch_default);
  }
  return net;
}

}  // namespace hilum
