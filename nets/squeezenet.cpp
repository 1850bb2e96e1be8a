// SqueezeNet 1.1: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and
// <0.5MB model size", arXiv 1602.07360, in its later and cheaper form. Parameters are called as
// torchvision calls them.
//
// Shapes at 224 x 224 x 3; pools are 3x3 with stride 2 and do not drop pixels at the edge:
//
//   features.0        111x111x64  3x3, stride 2, no padding, ReLU
//   features.2        55x55x64    pool
//   features.3, 4     55x55x128   Fire, 16 squeezed
//   features.5        27x27x128   pool
//   features.6, 7     27x27x256   Fire, 32 squeezed
//   features.8        13x13x256   pool
//   features.9, 10    13x13x384   Fire, 48 squeezed
//   features.11, 12   13x13x512   Fire, 64 squeezed
//   classifier        Dropout 0.5, 1x1 convolution to the classes, ReLU, global average
//
// A Fire module squeezes to few channels with 1x1, then expands with 1x1 and 3x3 side by side. The
// smallest image is 25 x 25.
#include "engine/layers.h"
#include "nets/makers.h"

namespace hilum {
namespace {

class Fire : public Module {
 public:
  // Each of the two expansions gives half of `out`.
  Fire(std::size_t in, std::size_t squeezed, std::size_t out)
      : squeeze_(make_child<Conv2d>("squeeze", in, squeezed, 1)),
        squeeze_activation_(make_child<ReLU>("squeeze_activation")),
        expand1_(make_child<Conv2d>("expand1x1", squeezed, out / 2, 1)),
        expand1_activation_(make_child<ReLU>("expand1x1_activation")),
        expand3_(make_child<Conv2d>("expand3x3", squeezed, out / 2, 3, same_padding(3))),
        expand3_activation_(make_child<ReLU>("expand3x3_activation")) {}
  std::string kind() const override { return "Fire"; }
  std::string describe() const override { return "concat"; }

 protected:
  Tensor compute(Tensor x) override {
    x = squeeze_activation_(squeeze_(std::move(x)));
    const Tensor one = expand1_activation_(expand1_(x));
    return concat({one, expand3_activation_(expand3_(x))});
  }

 private:
  Conv2d& squeeze_;
  ReLU& squeeze_activation_;
  Conv2d& expand1_;
  ReLU& expand1_activation_;
  Conv2d& expand3_;
  ReLU& expand3_activation_;
};

}  // namespace

std::unique_ptr<Module> make_squeezenet(const NetRequest& request) {
  check_size(request, 25);
  auto net = std::make_unique<Sequential>();
  auto& features = net->emplace<Sequential>("features");
  Conv2dOptions halve;
  halve.stride_h = halve.stride_w = 2;
  features.append<Conv2d>(request.channels, 64, 3, halve);
  features.append<ReLU>();
  std::size_t in = 64, squeezed = 16;
  for (const std::size_t out : {128, 256, 384, 512}) {
    if (out <= 384) features.append<MaxPool2d>(3, 2, 0, true);
    for (int twice = 0; twice < 2; ++twice, in = out) features.append<Fire>(in, squeezed, out);
    squeezed += 16;
  }
  net->set_init(Init::he_uniform);
  auto& classifier = net->emplace<Sequential>("classifier");
  classifier.append<Dropout>(0.5f);
  classifier.append<Conv2d>(in, request.classes, 1).set_init(Init::small_normal);
  classifier.append<ReLU>();
  classifier.append<GlobalAvgPool>();
  return net;
}

}  // namespace hilum
