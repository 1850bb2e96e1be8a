// Freezing by layers, cutting a network in two, and batch norm folded into filters.
#include "engine/freeze.h"

#include <gtest/gtest.h>

#include "engine/allocator.h"
#include "engine/chain.h"
#include "engine/fold.h"
#include "engine/init.h"
#include "engine/layers.h"
#include "kernels/error.h"
#include "tests/engine/helpers.h"

namespace hilum::test {
namespace {

// relu(norm2(conv2(relu(norm1(conv1(x)))) + x), as residual nets have it: 7 layers by Keras' count.
class Block : public Module {
 public:
  explicit Block(std::size_t channels)
      : conv1_(add_child("conv1",
                         std::make_unique<Conv2d>(channels, channels, 3, same_padding(3), false))),
        norm1_(add_child("norm1", std::make_unique<BatchNorm2d>(channels))),
        conv2_(add_child("conv2",
                         std::make_unique<Conv2d>(channels, channels, 3, same_padding(3), true))),
        norm2_(add_child("norm2", std::make_unique<BatchNorm2d>(channels))) {}
  std::string kind() const override { return "Block"; }

 protected:
  Tensor compute(Tensor x) override {
    Tensor y = relu(norm1_(conv1_(x)));
    return relu(add(norm2_(conv2_(std::move(y))), x));
  }

 private:
  Conv2d& conv1_;
  BatchNorm2d& norm1_;
  Conv2d& conv2_;
  BatchNorm2d& norm2_;
};

// Stem of 4 layers, two blocks of 7, average pool, head of one: 20 layers, 18 of them body.
struct Net : Sequential {
  Net() {
    emplace<Conv2d>("conv", 3, 8, 3, same_padding(3), false);
    emplace<BatchNorm2d>("norm", 8);
    emplace<ReLU>("relu");
    emplace<MaxPool2d>("pool", 2);
    auto& blocks = emplace<Sequential>("blocks");
    blocks.append<Block>(8);
    blocks.append<Block>(8);
    emplace<GlobalAvgPool>("avgpool");
    emplace<Linear>("fc", 8, 2);
    initialise(*this, 3);
    // Statistics and factors that are not 0 and 1, so that an error in folding them shows.
    std::uint64_t seed = 0;
    for_each([&](const std::string&, Module& m) {
      if (dynamic_cast<BatchNorm2d*>(&m) == nullptr) return;
      for (const auto& list : {m.parameters(), m.buffers()}) {
        for (const auto& [name, tensor] : list) {
          const Tensor drawn = random_tensor(tensor.shape(), ++seed, 0.3f);
          for (std::size_t i = 0; i < drawn.count(); ++i) {
            Tensor handle = tensor;
            handle.data()[i] = name == "running_var" ? 0.5f + std::abs(drawn.data()[i])
                               : name == "weight"    ? 1 + drawn.data()[i]
                                                     : drawn.data()[i];
          }
        }
      }
    });
  }
};

Tensor image() { return Tensor::zeros({1, 16, 16, 3}); }

// On a small set the statistics that a network comes with are better than those of a batch.
TEST(Freeze, NormsKeepTheirWeightsAndStatistics) {
  Net net;
  Freeze freeze;
  freeze.norms = true;
  const FreezeReport report = apply_freeze(net, freeze, image());
  const auto norm_numbers = 2u * 8 * 5;  // weight and bias of five norms
  EXPECT_EQ(report.trained_parameters, report.parameters - norm_numbers);
  const Tensor x = random_tensor({4, 16, 16, 3}, 7);
  net.train(false);
  const std::vector<float> evaluated = net(x).values();
  net.train(true);
  const auto buffers_of = [&] {
    std::vector<std::vector<float>> all;
    for (const NamedTensor& buffer : net.buffers()) all.push_back(buffer.tensor.values());
    return all;
  };
  const auto before = buffers_of();
  EXPECT_EQ(net(x).values(), evaluated) << "training and evaluation compute the same";
  EXPECT_EQ(buffers_of(), before);
  apply_freeze(net, {}, image());
  EXPECT_NE(net(x).values(), evaluated);
  EXPECT_NE(buffers_of(), before);
}

TEST(Freeze, TextThatDoesNotParse) {
  EXPECT_EQ(parse_freeze("all").kind, Freeze::Kind::all);
  EXPECT_EQ(parse_freeze("last:20").layers, 20u);
  for (const char* text : {"", "some", "last", "last:", "last:0", "last:-1", "last:2x"}) {
    EXPECT_THROW(parse_freeze(text), Error) << text;
  }
}

TEST(Freeze, LayersAreCountedAsKerasDoes) {
  Net net;
  const std::vector<CalledLayer> layers = called_layers(net, image());
  std::string text;
  for (const CalledLayer& layer : layers) text += layer.path + ":" + layer.op + " ";
  EXPECT_EQ(layers.size(), 20u) << text;
  EXPECT_EQ(layers[4].path, "blocks.0.conv1");
  EXPECT_EQ(layers[9].op, "add");
  EXPECT_EQ(layers.back().path, "fc");
}

TEST(Freeze, AllLeavesTheHead) {
  Net net;
  const FreezeReport report = apply_freeze(net, {Freeze::Kind::all}, image());
  EXPECT_EQ(report.trained, std::vector<std::string>{"fc"});
  EXPECT_EQ(report.trained_parameters, 8u * 2 + 2);
  EXPECT_EQ(report.trained_layers, 2u);  // the pool and fc
  EXPECT_EQ(apply_freeze(net, {}, image()).trained_parameters, net.parameter_count());
}

TEST(Freeze, LastCountsBackFromTheHead) {
  Net net;
  // relu, add, norm2, conv2: the fourth from the end of the body is a convolution. The average pool
  // belongs to the head, as where Keras leaves out the top.
  const FreezeReport four = apply_freeze(net, {Freeze::Kind::last, 4}, image());
  EXPECT_EQ(four.trained, (std::vector<std::string>{"blocks.1.conv2", "blocks.1.norm2", "fc"}));
  EXPECT_EQ(four.trained_layers, 6u);
  EXPECT_TRUE(net.find("blocks.1.norm1").frozen());
  EXPECT_FALSE(net.find("blocks.1.norm2").frozen());
  const FreezeReport three = apply_freeze(net, {Freeze::Kind::last, 3}, image());
  EXPECT_EQ(three.trained, (std::vector<std::string>{"blocks.1.norm2", "fc"}));
  EXPECT_EQ(apply_freeze(net, {Freeze::Kind::last, 18}, image()).trained_parameters,
            net.parameter_count());
  EXPECT_THROW(apply_freeze(net, {Freeze::Kind::last, 19}, image()), Error);
}

TEST(Freeze, StatisticsOfFrozenNormsStay) {
  Net net;
  apply_freeze(net, {Freeze::Kind::last, 3}, image());
  std::vector<std::vector<float>> before;
  for (const NamedTensor& b : net.buffers()) before.push_back(b.tensor.values());
  net.train(true);
  net(random_tensor({4, 16, 16, 3}, 1));
  const auto after = net.buffers();
  for (std::size_t i = 0; i < after.size(); ++i) {
    const bool trained = after[i].name.starts_with("blocks.1.norm2");
    EXPECT_EQ(after[i].tensor.values() != before[i], trained) << after[i].name;
  }
}

TEST(Chain, PartsGiveTheWhole) {
  Net net;
  net.train(false);
  const Chain chain(net);
  ASSERT_EQ(chain.size(), 8u);
  EXPECT_EQ(chain.path(5), "blocks.1");
  const Tensor x = random_tensor({2, 16, 16, 3}, 2);
  const std::vector<float> whole = net(x).values();
  for (std::size_t cut = 0; cut <= chain.size(); ++cut) {
    EXPECT_EQ(chain.run(chain.run(x, 0, cut), cut, chain.size()).values(), whole) << cut;
  }
}

TEST(Chain, CutBeforeTheFirstTrainedStep) {
  Net net;
  EXPECT_EQ(Chain(net).frozen_steps(), 0u);
  apply_freeze(net, {Freeze::Kind::all}, image());
  EXPECT_EQ(Chain(net).frozen_steps(), 7u);
  apply_freeze(net, {Freeze::Kind::last, 4}, image());
  EXPECT_EQ(Chain(net).frozen_steps(), 5u);
  Sequential dropping;
  dropping.append<Conv2d>(3, 4, 3);
  dropping.append<Dropout>(0.5f);
  dropping.append<Flatten>();
  dropping.freeze();
  EXPECT_EQ(Chain(dropping).frozen_steps(), 1u) << "what is dropped changes at every step";
}

TEST(Chain, NothingIsKeptBelowTheFirstTrainedLayer) {
  Net net;
  apply_freeze(net, {Freeze::Kind::all}, image());
  net.train(true);
  const Tensor x = random_tensor({8, 16, 16, 3}, 1);
  const std::size_t before = memory_statistics().in_use;
  const Tensor frozen = net(x);
  // The logits, what the head is given and what it saves: nothing of the size of an image.
  EXPECT_LT(memory_statistics().in_use - before, x.count() * sizeof(float) / 4);
  net.freeze(false);
  const std::size_t middle = memory_statistics().in_use;
  const Tensor trained = net(x);
  EXPECT_GT(memory_statistics().in_use - middle, 4 * x.count() * sizeof(float));
}

TEST(Fold, GivesTheSameWithinRounding) {
  Net net;
  apply_freeze(net, {Freeze::Kind::last, 4}, image());
  net.train(true);
  const Chain chain(net);
  const Tensor x = random_tensor({4, 16, 16, 3}, 2);
  auto body = [&](Tensor input) { return chain.run(std::move(input), 0, 5); };
  const std::vector<float> plain = body(x).values();
  {
    const FoldedBatchNorms folded(body, random_tensor({1, 16, 16, 3}, 3));
    EXPECT_EQ(folded.count(), 3u);  // stem and first block; the norms behind are trained or cut off
    const std::vector<float> values = body(x).values();
    double scale = 0;
    for (const float v : plain) scale = std::max(scale, std::abs(static_cast<double>(v)));
    for (std::size_t i = 0; i < plain.size(); ++i) {
      ASSERT_NEAR(values[i], plain[i], 1e-6 * scale) << i;
    }
    EXPECT_NE(values, plain) << "nothing was folded";
  }
  EXPECT_EQ(body(x).values(), plain) << "unfolding must leave no trace";
}

}  // namespace
}  // namespace hilum::test
