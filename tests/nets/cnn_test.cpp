// The sequential networks: sizes as published, values and gradients against a second computation in
// double, and training that is the same for any number of threads.
#include <gtest/gtest.h>

#include "engine/allocator.h"
#include "engine/init.h"
#include "engine/layers.h"
#include "engine/optimizer.h"
#include "engine/random.h"
#include "kernels/error.h"
#include "kernels/threads.h"
#include "nets/net.h"
#include "nets/summary.h"
#include "tests/engine/helpers.h"
#include "tests/nets/double_net.h"

namespace hilum {
namespace {

using test::random_labels;
using test::random_tensor;

std::size_t parameters_of(const std::string& name, std::size_t classes) {
  const NetDefaults& d = net_defaults(name);
  return make_net(name, classes, d.channels, d.size)->parameter_count();
}

TEST(Cnn, ParameterCounts) {
  // Convolutions (9 in + 1) out each, then dense (in + 1) out.
  EXPECT_EQ(parameters_of("cnn", 3), 896 + 18496 + 73856 + 147584 + 8193 * 128 + 129 * 3u);
  const std::size_t base = 320 + 9248 + 18496 + 36928 + 6401 * 128 + 129 * 2;
  EXPECT_EQ(base, 884578u);
  for (const char* same : {"cnn:base", "cnn:dropout", "cnn:l1", "cnn:l2", "cnn:l1l2"}) {
    EXPECT_EQ(parameters_of(same, 2), base) << same;
  }
  EXPECT_EQ(parameters_of("cnn:low", 2), 320 + 9248 + 9248 + 18496 + 6401 * 128 + 129 * 2u);
}

TEST(Cnn, NamesAreTorchvisions) {
  const auto net = make_net("cnn", 3, 3, 128);
  EXPECT_EQ(net->parameters()[0].name, "features.0.weight");
  EXPECT_EQ(net->parameters()[8].name, "classifier.1.weight");
}

TEST(Cnn, DropoutAndRegularisersAreWhereTheyBelong) {
  const auto net = make_net("cnn:dropout", 2, 1, 200);
  std::string kinds;
  net->for_each([&](const std::string&, Module& m) { kinds += m.kind() + " "; });
  EXPECT_EQ(kinds,
            "Sequential Sequential Conv2d ReLU MaxPool2d Dropout Conv2d ReLU MaxPool2d "
            "Conv2d ReLU MaxPool2d Dropout Conv2d ReLU MaxPool2d "
            "Sequential Flatten Linear ReLU Dropout Linear ");
  for (const auto& [name, l1, l2] :
       {std::tuple("cnn:l1", 0.001f, 0.0f), std::tuple("cnn:l2", 0.0f, 0.001f),
        std::tuple("cnn:l1l2", 0.001f, 0.001f)}) {
    make_net(name, 2, 1, 200)->for_each([&, l1 = l1, l2 = l2](const std::string&, Module& m) {
      const bool conv = m.kind() == "Conv2d";
      EXPECT_EQ(m.l1(), conv ? l1 : 0);
      EXPECT_EQ(m.l2(), conv ? l2 : 0);
    });
  }
}

TEST(Nets, WrongNamesAndSizesAreUsageErrors) {
  try {
    make_net("cnnn", 2, 3, 128);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    for (const std::string& name : net_names()) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << name;
    }
  }
  EXPECT_THROW(net_defaults("nothing"), Error);
  EXPECT_THROW(make_net("cnn", 1, 3, 128), Error);
  EXPECT_THROW(make_net("cnn", 2, 0, 128), Error);
  EXPECT_THROW(make_net("cnn", 2, 3, 15), Error);
  EXPECT_THROW(make_net("cnn:base", 2, 1, 45), Error);
}

// Every sequential network on the smallest images that it takes, on two of them.
class EveryCnn : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::size_t size = GetParam() == "cnn" ? 16 : 46, channels = 2;
    net_ = make_net(GetParam(), 3, channels, size);
    initialise(*net_, 7);
    // Biases away from zero, so that a bias in the wrong place shows.
    for (const NamedTensor& p : net_->parameters()) {
      Tensor t = p.tensor;
      if (p.name.ends_with("bias")) {
        std::ranges::copy(random_tensor(t.shape(), 5, 0.1f).values(), t.data());
      }
    }
    images_ = random_tensor({2, size, size, channels}, 1);
    labels_ = random_labels(2, 3, 2);
    set_dropout_state(3, 4);
  }

  Tensor loss() {
    Tensor loss = softmax_cross_entropy((*net_)(images_), labels_);
    const Tensor penalties = net_->penalties();
    return penalties.defined() ? add(loss, penalties) : loss;
  }

  std::unique_ptr<Module> net_;
  Tensor images_, labels_;
};

TEST_P(EveryCnn, LogitsAndLossAgreeWithTheDoubleNet) {
  for (const bool training : {false, true}) {
    net_->train(training);
    const test::DoubleNet oracle(*net_);
    const std::vector<double> expected = oracle.logits(images_).values;
    const std::vector<float> got = (*net_)(images_).values();
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-5);
    EXPECT_NEAR(loss().item(), oracle.loss(images_, labels_), 1e-5);
  }
}

TEST_P(EveryCnn, GradientsAgreeWithDifferencesOfTheDoubleNet) {
  loss().backward();
  test::DoubleNet oracle(*net_);
  for (const NamedTensor& p : net_->parameters()) {
    const std::vector<float> gradient = p.tensor.grad().values();
    // A random direction takes every element of this parameter in one difference.
    const std::vector<float> direction = random_tensor(p.tensor.shape(), 11).values();
    std::vector<double>& w = oracle.parameters.at(p.name);
    const std::vector<double> middle = w;
    double expected = 0, scale = 0, side[2];
    const double h = 1e-7;
    for (int s = 0; s < 2; ++s) {
      for (std::size_t i = 0; i < w.size(); ++i) {
        w[i] = middle[i] + (s == 0 ? -h : h) * static_cast<double>(direction[i]);
      }
      side[s] = oracle.loss(images_, labels_);
    }
    w = middle;
    for (std::size_t i = 0; i < w.size(); ++i) {
      expected += static_cast<double>(gradient[i]) * static_cast<double>(direction[i]);
      scale += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
    }
    EXPECT_GT(scale, 0) << p.name;
    EXPECT_NEAR((side[1] - side[0]) / (2 * h), expected, 1e-4 * std::sqrt(scale) + 1e-7) << p.name;
  }
}

// Training takes longer, so only one of each kind.
class TrainedCnn : public EveryCnn {};

TEST_P(TrainedCnn, TrainsToTheSameBitsOnOneAndTwoThreads) {
  auto train = [&](std::size_t threads) {
    const std::size_t before = thread_count();
    set_thread_count(threads);
    initialise(*net_, 7);
    const auto optimizer = make_optimizer(net_->parameters(), {});
    for (std::uint64_t step = 0; step < 5; ++step) {
      set_dropout_state(1, step);
      optimizer->zero_grad();
      loss().backward();
      optimizer->step();
    }
    set_thread_count(before);
    std::vector<float> all;
    for (const NamedTensor& p : net_->parameters()) {
      const std::vector<float> values = p.tensor.values();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  };
  const std::size_t size = images_.size(1);
  images_ = random_tensor({6, size, size, 2}, 1);
  labels_ = random_labels(6, 3, 2);
  const std::vector<float> one = train(1);
  EXPECT_EQ(one, train(2));
  EXPECT_EQ(one, train(3));
}

TEST_P(TrainedCnn, LossFalls) {
  const auto optimizer = make_optimizer(net_->parameters(), {});
  net_->train(false);
  const float before = loss().item();
  net_->train(true);
  for (std::uint64_t step = 0; step < 60; ++step) {
    set_dropout_state(1, step);
    optimizer->zero_grad();
    loss().backward();
    optimizer->step();
  }
  net_->train(false);
  EXPECT_LT(loss().item(), 0.6f * before);
}

std::vector<std::string> cnn_names() {
  std::vector<std::string> names = net_names();
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("cnn"); });
  return names;
}
auto test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, ':', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Nets, EveryCnn, testing::ValuesIn(cnn_names()), test_name);
INSTANTIATE_TEST_SUITE_P(Nets, TrainedCnn, testing::Values("cnn", "cnn:dropout", "cnn:l1l2"),
                         test_name);

TEST(Summary, CountsWorkAndMemory) {
  const auto net = make_net("cnn", 3, 3, 128);
  net->train(true);
  const Summary s = summarise(*net, 3, 128);
  EXPECT_TRUE(net->training());
  EXPECT_EQ(s.rows.size(), 17u);
  EXPECT_EQ(s.rows[0].name, "features.0");
  EXPECT_EQ(s.rows[0].shape, "(N, 128, 128, 32)");
  EXPECT_EQ(s.rows[0].parameters, 896u);
  EXPECT_EQ(s.parameters, net->parameter_count());
  EXPECT_EQ(s.frozen(), 0u);
  // Convolutions and dense layers, 2 flop a multiply-add, are nearly all of it.
  const double conv = 2.0 * 128 * 128 * 32 * 27 + 2.0 * 64 * 64 * 64 * 288 +
                      2.0 * 32 * 32 * 128 * 576 + 2.0 * 16 * 16 * 128 * 1152;
  EXPECT_GT(s.flop, conv + 2.0 * 8192 * 128);
  EXPECT_LT(s.flop, 1.02 * (conv + 2.0 * 8192 * 128));
  // Kept for backward: the pools' outputs, and a byte each for where their maxima were.
  const double kept =
      1.25 * 4.0 / 4 * (128 * 128 * 32 + 64 * 64 * 64 + 32 * 32 * 128 + 16 * 16 * 128);
  EXPECT_GT(static_cast<double>(s.activation_bytes), 0.95 * kept);
  EXPECT_LT(static_cast<double>(s.activation_bytes), 1.15 * kept);
  const std::string text = s.text("cnn", 32, training_peak(*net, 3, 128, 32));
  for (const char* part : {"features.9", "Conv2d", "(N, 16, 16, 128)", "1,289,923",
                           "Trainable params", "MFLOP", "batch size 32"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

// Arithmetic of the published networks at 224 pixels: multiply-adds, as torchvision lists them.
TEST(Summary, WorkIsAsPublished) {
  for (const auto& [name, giga] : {std::pair("resnet18", 1.81),
                                   {"resnet50", 4.09},
                                   {"resnet152", 11.51},
                                   {"vgg19", 19.63},
                                   {"densenet121", 2.83},
                                   {"densenet169", 3.36},
                                   {"squeezenet1_1", 0.35}}) {
    const auto net = make_net(name, 1000, 3, 224);
    const Summary s = summarise(*net, 3, 224);
    double gemm = 0;
    for (const SummaryRow& row : s.rows) {
      if (row.kind == "Conv2d" || row.kind == "Linear") gemm += row.flop;
    }
    EXPECT_NEAR(gemm / 2e9, giga, 0.01 * giga + 0.005) << name;
  }
}

TEST(Summary, TellsWhatBlocksDoThemselves) {
  const auto net = make_net("resnet18", 2, 3, 32);
  for (const SummaryRow& row : summarise(*net, 3, 32).rows) {
    if (row.name == "layer1.0") {
      EXPECT_EQ(row.kind + " " + row.detail, "BasicBlock add");
      EXPECT_EQ(row.flop, 8 * 8 * 64);
      return;
    }
  }
  FAIL();
}

TEST(Summary, FrozenLayersKeepNoActivations) {
  const auto net = make_net("cnn", 3, 3, 64);
  const std::size_t all = summarise(*net, 3, 64).activation_bytes;
  net->find("features").freeze();
  const Summary s = summarise(*net, 3, 64);
  EXPECT_EQ(s.trainable, 2049 * 128 + 129 * 3u);
  EXPECT_EQ(s.frozen(), s.parameters - s.trainable);
  EXPECT_LT(s.activation_bytes, all / 10);
}

}  // namespace
}  // namespace hilum
