// Other people's weights in our networks: the three real files, and the names that Keras, timm and
// old torchvision files use for every tensor of a network.
#include "nets/pretrained.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "engine/file.h"
#include "engine/init.h"
#include "kernels/error.h"
#include "nets/net.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

std::filesystem::path real(const char* name) { return test::data_folder() / "weights" / name; }

#define HILUM_NEED_WEIGHTS(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no data: " << (path) << " is absent"

std::string refusal(const std::string& net, std::size_t size, const std::filesystem::path& path) {
  const std::unique_ptr<Module> module = make_net(net, 10, 3, size);
  try {
    load_pretrained(*module, net, path, {.keep_head = true, .input = PretrainedInput::automatic});
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data) << error.what();
    return error.what();
  }
}

#ifdef HILUM_HAVE_HDF5

// With HILUM_FEATURES=FOLDER: FOLDER/image [S,S,3] through the body, to FOLDER/features.
TEST(Pretrained, SqueezeNetFromKeras) {
  const auto path = real("squeezenet1.1_imagenet_notop_oihw.h5");
  HILUM_NEED_WEIGHTS(path);
  const std::unique_ptr<Module> net = make_net("squeezenet1_1", 3, 3, 63);
  initialise(*net, 1);
  const std::vector<float> head = net->find("classifier.1").parameter("weight").values();
  const LoadReport report = load_pretrained(
      *net, "squeezenet1_1", path, {.keep_head = true, .input = PretrainedInput::automatic});
  EXPECT_EQ(report.count(LoadStatus::loaded) + report.count(LoadStatus::converted), 50u);
  EXPECT_EQ(report.count(LoadStatus::kept), 2u);
  EXPECT_EQ(report.count(LoadStatus::unused), 0u);
  EXPECT_EQ(net->find("features").parameter_count(), 722'496u);
  EXPECT_EQ(net->find("classifier.1").parameter("weight").values(), head);
  const std::unique_ptr<Module> strict = make_net("squeezenet1_1", 3, 3, 63);
  EXPECT_THROW(load_pretrained(*strict, "squeezenet1_1", path), Error);

  const char* folder = std::getenv("HILUM_FEATURES");
  if (folder == nullptr) return;
  const std::string bytes = read_file(std::filesystem::path(folder) / "image");
  Tensor image = Tensor::empty({1, 63, 63, 3});
  ASSERT_EQ(bytes.size(), image.count() * sizeof(float));
  std::memcpy(image.data(), bytes.data(), bytes.size());
  net->train(false);
  const std::vector<float> features = net->find("features")(image).values();
  write_file_atomically(
      std::filesystem::path(folder) / "features",
      {reinterpret_cast<const char*>(features.data()), features.size() * sizeof(float)});
}

TEST(Pretrained, SqueezeNetFromKerasForGrayImages) {
  const auto path = real("squeezenet1.1_imagenet_notop_oihw.h5");
  HILUM_NEED_WEIGHTS(path);
  const std::unique_ptr<Module> net = make_net("squeezenet1_1", 2, 1, 63);
  const LoadReport report = load_pretrained(
      *net, "squeezenet1_1", path, {.keep_head = true, .input = PretrainedInput::automatic});
  EXPECT_NE(report.text().find("three input channels summed into one"), std::string::npos);
}

#endif

// 20 layers for 32-pixel images, three stages: none of ours.
TEST(Pretrained, OtherNetworksAreRefusedForAStatedReason) {
  const auto resnet20 = real("resnet20_cifar10_legacy.pth"), mnist = real("mnist_mlp.safetensors");
  HILUM_NEED_WEIGHTS(resnet20);
  EXPECT_NE(refusal("resnet18", 32, resnet20)
                .find("'module.conv1.weight' is 16x3x3x3, the network's 'conv1.weight' wants "
                      "64x3x7x7"),
            std::string::npos)
      << refusal("resnet18", 32, resnet20);
  EXPECT_NE(refusal("cnn", 32, mnist).find("'features.0.weight' (32x3x3x3) is missing"),
            std::string::npos)
      << refusal("cnn", 32, mnist);
}

// Every tensor of torchvision's network has exactly one Keras layer, in the shapes of
// keras.applications: checked by going through all names that Keras uses.
TEST(Pretrained, KerasNamesCoverTheNetworks) {
  auto covered = [](const std::string& net, const std::vector<std::string>& layers) {
    std::set<std::string> paths;
    for (const std::string& layer : layers) {
      const std::string path = keras_layer(net, layer);
      EXPECT_FALSE(path.empty()) << net << " " << layer;
      EXPECT_TRUE(paths.insert(path).second) << path << " twice";
    }
    std::set<std::string> ours;
    const std::unique_ptr<Module> module = make_net(net, 2, 3, 32);
    module->for_each([&](const std::string& path, Module& m) {
      if (m.parameter("weight").defined()) ours.insert(path);
    });
    EXPECT_EQ(paths, ours) << net;
  };
  std::vector<std::string> layers = {"fc1", "fc2", "predictions"};
  for (int block = 1; block <= 5; ++block) {
    for (int i = 1; i <= (block < 3 ? 2 : 4); ++i) {
      layers.push_back(fmt::format("block{}_conv{}", block, i));
    }
  }
  covered("vgg19:fc", layers);
  EXPECT_EQ(keras_layer("vgg16", "block5_conv3"), "features.28");  // torchvision's last one
  layers = {"conv1", "conv10"};
  for (int fire = 2; fire <= 9; ++fire) {
    for (const char* part : {"squeeze1x1", "expand1x1", "expand3x3"}) {
      layers.push_back(fmt::format("fire{}/{}", fire, part));
    }
  }
  covered("squeezenet1_1", layers);
  layers = {"conv1/conv", "conv1/bn", "bn", "fc1000"};
  const int blocks[] = {6, 12, 24, 16};
  for (int stage = 0; stage < 4; ++stage) {
    for (int block = 1; block <= blocks[stage]; ++block) {
      for (const char* part : {"0_bn", "1_conv", "1_bn", "2_conv"}) {
        layers.push_back(fmt::format("conv{}_block{}_{}", stage + 2, block, part));
      }
    }
    if (stage == 3) continue;
    layers.push_back(fmt::format("pool{}_bn", stage + 2));
    layers.push_back(fmt::format("pool{}_conv", stage + 2));
  }
  covered("densenet121", layers);
  EXPECT_EQ(keras_layer("vgg19", "block6_conv1"), "");
  EXPECT_EQ(keras_layer("densenet121", "conv9_block1_1_conv"), "");
}

TEST(Pretrained, NamesOfTimmAndOfOldFiles) {
  EXPECT_EQ(torch_name("densenet121", "features.denseblock1.denselayer12.norm.1.running_mean"),
            "features.denseblock1.denselayer12.norm1.running_mean");
  EXPECT_EQ(torch_name("densenet121", "features.transition1.norm.weight"),
            "features.transition1.norm.weight");
  EXPECT_EQ(torch_name("vgg19:fc", "pre_logits.fc1.weight"), "classifier.0.weight");
  EXPECT_EQ(torch_name("vgg16", "head.fc.bias"), "classifier.6.bias");
  EXPECT_EQ(torch_name("resnet50", "layer1.0.conv1.weight"), "layer1.0.conv1.weight");
}

// tf_efficientnet_lite0 as timm calls its tensors: stages of blocks, batch norms counted from 1.
TEST(Pretrained, TimmNamesCoverEfficientNetLite) {
  std::vector<std::string> layers = {"conv_stem", "bn1", "conv_head", "bn2", "classifier"};
  const int blocks[] = {1, 2, 2, 3, 3, 4, 1};
  for (int stage = 0; stage < 7; ++stage) {
    for (int block = 0; block < blocks[stage]; ++block) {
      std::vector<std::string> parts = {"conv_dw", "bn1", "conv_pw", "bn2"};
      if (stage > 0) parts = {"conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"};
      for (const std::string& part : parts) {
        layers.push_back(fmt::format("blocks.{}.{}.{}", stage, block, part));
      }
    }
  }
  std::set<std::string> names, ours;
  for (const std::string& layer : layers) {
    names.insert(torch_name("efficientnet_lite0", layer + ".weight"));
  }
  for (const NamedTensor& p : make_net("efficientnet_lite0", 2, 3, 32)->parameters()) {
    if (p.name.ends_with("weight")) ours.insert(p.name);
  }
  EXPECT_EQ(names.size(), layers.size());
  EXPECT_EQ(names, ours);
  EXPECT_EQ(torch_name("efficientnet_lite0", "blocks.0.0.bn2.running_var"),
            "_blocks.0._bn2.running_var");
  EXPECT_EQ(torch_name("efficientnet_lite0", "blocks.6.0.conv_pw.weight"),
            "_blocks.15._expand_conv.weight");
  EXPECT_EQ(torch_name("efficientnet_lite0", "_blocks.3._bn0.bias"), "_blocks.3._bn0.bias");
}

}  // namespace
}  // namespace hilum
