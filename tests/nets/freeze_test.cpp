// What freezing and folding mean on the architectures that are fine-tuned.
#include "engine/freeze.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/chain.h"
#include "engine/fold.h"
#include "engine/init.h"
#include "nets/net.h"
#include "tests/engine/helpers.h"

namespace hilum::test {
namespace {

Tensor image(std::size_t size) { return Tensor::zeros({1, size, size, 3}); }

// Keras' ResNet50 without its top has 175 layers, 3 of which are its input and two paddings that we
// have no layer for; its last 20 are the last two blocks, its last 40 the last
// stage and 8 layers of the block before.
TEST(FreezeNets, ResNet50CountsAsKeras) {
  const auto net = make_net("resnet50", 2, 3, 32);
  const FreezeReport last20 = apply_freeze(*net, {Freeze::Kind::last, 20}, image(32));
  EXPECT_EQ(last20.layers - 2, 172u);  // less pool and fc
  EXPECT_EQ(last20.trained.front(), "layer4.1.conv1");
  EXPECT_EQ(last20.trained.size(), 13u);  // six convolutions with their norms, and fc
  EXPECT_EQ(Chain(*net).path(Chain(*net).frozen_steps()), "layer4.1");
  const FreezeReport last40 = apply_freeze(*net, {Freeze::Kind::last, 40}, image(32));
  EXPECT_EQ(last40.trained.front(), "layer3.5.conv2");
}

class FoldNets : public testing::TestWithParam<const char*> {};

TEST_P(FoldNets, GiveTheSameWithinRounding) {
  const auto net = make_net(GetParam(), 2, 3, 32);
  initialise(*net, 1);
  std::uint32_t seed = 0;
  for (NamedTensor& buffer : net->buffers()) {
    const Tensor drawn = random_tensor(buffer.tensor.shape(), ++seed, 0.1f);
    const bool variance = buffer.name.ends_with("running_var");
    for (std::size_t i = 0; i < drawn.count(); ++i) {
      buffer.tensor.data()[i] = variance ? 1 + std::abs(drawn.data()[i]) : drawn.data()[i];
    }
  }
  apply_freeze(*net, {Freeze::Kind::all}, image(32));
  const Chain chain(*net);
  const std::size_t cut = chain.frozen_steps();
  const auto body = [&](Tensor x) { return chain.run(std::move(x), 0, cut); };
  const Tensor x = random_tensor({2, 32, 32, 3}, 2);
  const std::vector<float> plain = body(x).values();
  const FoldedBatchNorms folded(body, image(32));
  EXPECT_GT(folded.count(), 10u);
  const std::vector<float> values = body(x).values();
  double scale = 0;
  for (const float v : plain) scale = std::max(scale, std::abs(static_cast<double>(v)));
  ASSERT_GT(scale, 0);
  for (std::size_t i = 0; i < plain.size(); ++i) ASSERT_NEAR(values[i], plain[i], 2e-5 * scale);
}

INSTANTIATE_TEST_SUITE_P(Nets, FoldNets, testing::Values("resnet18", "densenet121"));

}  // namespace
}  // namespace hilum::test
