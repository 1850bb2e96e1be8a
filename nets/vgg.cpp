// VGG: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
// Recognition", ICLR 2015, arXiv 1409.1556; configurations D (16) and E (19), parameters called as
// torchvision calls them. vgg16_bn and vgg19_bn have batch norm behind every convolution.
//
// Shapes of vgg19 at 224 x 224 x 3; all convolutions 3x3, padding 1, followed by ReLU:
//
//   features    2 x 64   224x224x64   max pool  112x112x64
//               2 x 128  112x112x128  max pool  56x56x128
//               4 x 256  56x56x256    max pool  28x28x256    (vgg16: 3)
//               4 x 512  28x28x512    max pool  14x14x512    (vgg16: 3)
//               4 x 512  14x14x512    max pool  7x7x512      (vgg16: 3)
//   avgpool     7x7x512, whatever the size of the image
//   flatten     25088
//   classifier  Dense 4096, ReLU, Dropout 0.5, Dense 4096, ReLU, Dropout 0.5, Dense classes
//
// Five pools halve the image: the smallest is 32 x 32.
//
// vgg19:fc is the network of an experiment on carcinoma in CT: the same layers with no average pool
// before Flatten, as Keras' body without top has none. At 224 x 224 they are the same function.
#include <vector>

#include "engine/layers.h"
#include "nets/makers.h"

namespace hilum {
namespace {

// Channels of each convolution, 0 for a pool.
std::vector<std::size_t> plan_of(bool deep) {
  if (deep) {
    return {64,  64,  0,   128, 128, 0,   256, 256, 256, 256, 0,
            512, 512, 512, 512, 0,   512, 512, 512, 512, 0};
  }
  return {64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0};
}

void add_classifier(Sequential& net, std::size_t in, std::size_t classes, Init init) {
  auto& classifier = net.emplace<Sequential>("classifier");
  for (std::size_t layer = 0; layer < 2; ++layer) {
    classifier.append<Linear>(layer == 0 ? in : 4096, 4096);
    classifier.append<ReLU>();
    classifier.append<Dropout>(0.5f);
  }
  classifier.append<Linear>(4096, classes);
  classifier.set_init(init);
}

}  // namespace

std::unique_ptr<Module> make_vgg(const NetRequest& request) {
  check_size(request, 32);
  const bool with_batch_norm = request.name.ends_with("_bn");
  auto net = std::make_unique<Sequential>();
  auto& features = net->emplace<Sequential>("features");
  std::size_t in = request.channels, side = request.size;
  for (const std::size_t out : plan_of(request.name.starts_with("vgg19"))) {
    if (out == 0) {
      features.append<MaxPool2d>(2);
      side /= 2;
      continue;
    }
    features.append<Conv2d>(in, out, 3, same_padding(3));
    if (with_batch_norm) features.append<BatchNorm2d>(out);
    features.append<ReLU>();
    in = out;
  }
  net->set_init(Init::he_normal);
  if (request.variant == "fc") {
    net->emplace<Flatten>("flatten");
    add_classifier(*net, side * side * in, request.classes, Init::glorot_uniform);
  } else {
    net->emplace<AdaptiveAvgPool2d>("avgpool", 7);
    net->emplace<Flatten>("flatten");
    add_classifier(*net, 7 * 7 * in, request.classes, Init::small_normal);
  }
  return net;
}

}  // namespace hilum
