// The published architectures: as many parameters as published, shapes after every stage, the
// sizes of images that they take, initial values as torchvision draws them.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "engine/init.h"
#include "kernels/error.h"
#include "nets/net.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_tensor;

// torchvision's documentation gives these numbers for its weights of 1000 classes.
TEST(Architectures, ParameterCounts) {
  for (const auto& [name, count] :
       std::map<std::string, std::size_t>{{"resnet18", 11689512},
                                          {"resnet34", 21797672},
                                          {"resnet50", 25557032},
                                          {"resnet101", 44549160},
                                          {"resnet152", 60192808},
                                          {"vgg16", 138357544},
                                          {"vgg16_bn", 138365992},
                                          {"vgg19", 143667240},
                                          {"vgg19_bn", 143678248},
                                          {"vgg19:fc", 143667240},
                                          {"densenet121", 7978856},
                                          {"densenet169", 14149480},
                                          {"efficientnet_lite0", 4652008},
                                          {"squeezenet1_1", 1235496}}) {
    EXPECT_EQ(make_net(name, 1000, 3, 224)->parameter_count(), count) << name;
  }
  // ResNet-50 without its head has 23,508,032.
  EXPECT_EQ(make_net("resnet50:gap", 2, 3, 224)->parameter_count(),
            23508032 + 2049 * 128 + 129 * 2u);
}

// What comes out of each child of `path` for an image of that size: "56x56x64".
std::map<std::string, std::string> shapes(const std::string& name, std::size_t size,
                                          const std::string& path) {
  const auto net = make_net(name, 7, 1, size);
  net->train(false);
  std::map<std::string, std::string> all;
  const NoGrad no_grad;
  const ListenToLayers listen(
      [&](const std::string& layer, const Module&, const Tensor&, const Tensor& y) {
        const std::size_t start = path.empty() ? 0 : path.size() + 1;
        if (!layer.starts_with(path) || layer.size() <= start) return;
        if (layer.find('.', start) != std::string::npos) return;
        all[layer.substr(start)] = y.shape().str().substr(2);
      });
  (*net)(Tensor::zeros({1, size, size, 1}));
  return all;
}

TEST(Architectures, ShapesAfterEveryStage) {
  auto resnet = shapes("resnet50", 96, "");
  EXPECT_EQ(resnet["bn1"], "48x48x64");
  EXPECT_EQ(resnet["maxpool"], "24x24x64");
  EXPECT_EQ(resnet["layer1"], "24x24x256");
  EXPECT_EQ(resnet["layer2"], "12x12x512");
  EXPECT_EQ(resnet["layer4"], "3x3x2048");
  EXPECT_EQ(resnet["avgpool"], "2048");
  EXPECT_EQ(resnet["fc"], "7");
  EXPECT_EQ(shapes("resnet18", 65, "")["layer4"], "3x3x512");
  auto densenet = shapes("densenet121", 64, "features");
  EXPECT_EQ(densenet["pool0"], "16x16x64");
  EXPECT_EQ(densenet["denseblock1"], "16x16x256");
  EXPECT_EQ(densenet["transition2"], "4x4x256");
  EXPECT_EQ(densenet["denseblock3"], "4x4x1024");
  EXPECT_EQ(densenet["norm5"], "2x2x1024");
  EXPECT_EQ(shapes("densenet169", 64, "features")["norm5"], "2x2x1664");
  // At 224 pixels the pools of SqueezeNet come out even; at 200 each has pixels left over.
  auto squeezenet = shapes("squeezenet1_1", 200, "features");
  EXPECT_EQ(squeezenet["0"], "99x99x64");
  EXPECT_EQ(squeezenet["2"], "49x49x64");
  EXPECT_EQ(squeezenet["5"], "24x24x128");
  EXPECT_EQ(squeezenet["8"], "12x12x256");
  EXPECT_EQ(squeezenet["12"], "12x12x512");
  // Even sides, whose padding is not the same on both sides, and odd ones.
  auto efficientnet = shapes("efficientnet_lite0", 100, "_blocks");
  EXPECT_EQ(efficientnet["0"], "50x50x16");
  EXPECT_EQ(efficientnet["2"], "25x25x24");
  EXPECT_EQ(efficientnet["4"], "13x13x40");
  EXPECT_EQ(efficientnet["10"], "7x7x112");
  EXPECT_EQ(efficientnet["15"], "4x4x320");
  EXPECT_EQ(shapes("vgg16", 80, "")["features"], "2x2x512");
  EXPECT_EQ(shapes("vgg16", 80, "")["avgpool"], "7x7x512");
}

TEST(Architectures, TakeEveryImageThatTheirStrideAllows) {
  for (const auto& [name, smallest] : std::map<std::string, std::size_t>{
           {"resnet18", 1}, {"vgg19:fc", 32}, {"densenet121", 29}, {"squeezenet1_1", 25}}) {
    const auto net = make_net(name, 3, 3, smallest);
    net->train(false);
    const NoGrad no_grad;
    EXPECT_EQ((*net)(random_tensor({2, smallest, smallest, 3}, 1)).shape(), (Shape{2, 3})) << name;
    try {
      make_net(name, 3, 3, smallest - 1);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("at least " + std::to_string(smallest)),
                std::string::npos)
          << error.what();
    }
  }
}

TEST(Architectures, GrayImagesHaveAFirstFilterOfOneChannel) {
  for (const std::string& name : net_names()) {
    EXPECT_EQ(make_net(name, 2, 1, 64)->parameters()[0].tensor.size(3), 1u) << name;
  }
}

// Root mean squares of what initialise() draws, by parameter.
std::map<std::string, double> drawn(const std::string& name) {
  const auto net = make_net(name, 1000, 3, 32);
  initialise(*net, 1);
  std::map<std::string, double> all;
  for (const NamedTensor& p : net->parameters()) {
    double square = 0;
    for (const float v : p.tensor.values()) square += static_cast<double>(v) * v;
    all[p.name] = std::sqrt(square / static_cast<double>(p.tensor.count()));
  }
  return all;
}

TEST(Architectures, InitialValuesAreTorchvisions) {
  auto expect = [](double got, double expected) { EXPECT_NEAR(got, expected, 0.06 * expected); };
  auto densenet = drawn("densenet121");
  expect(densenet["features.conv0.weight"], std::sqrt(2.0 / (49 * 3)));
  expect(densenet["classifier.weight"], std::sqrt(1.0 / 1024 / 3));
  expect(densenet["classifier.bias"], 0);
  auto squeezenet = drawn("squeezenet1_1");
  expect(squeezenet["features.3.squeeze.weight"], std::sqrt(2.0 / 64));
  expect(squeezenet["classifier.1.weight"], 0.01);
  auto resnet = drawn("resnet18");
  expect(resnet["layer1.0.conv1.weight"], std::sqrt(2.0 / (9 * 64)));
  expect(resnet["fc.weight"], std::sqrt(1.0 / 512 / 3));
  expect(resnet["fc.bias"], std::sqrt(1.0 / 512 / 3));
}

}  // namespace
}  // namespace hilum
