// Activations computed again in backward: the same bits as with all of them kept, in less memory.
#include "engine/recompute.h"

#include <gtest/gtest.h>

#include "engine/allocator.h"
#include "engine/chain.h"
#include "engine/init.h"
#include "engine/ops.h"
#include "engine/optimizer.h"
#include "engine/random.h"
#include "nets/net.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

struct Steps {
  std::vector<std::vector<float>> tensors;  // losses, then parameters and running statistics
  std::size_t peak = 0;
};

Steps train(const std::string& name, std::size_t size, bool recompute) {
  const auto net = make_net(name, 3, 3, size);
  initialise(*net, 1);
  const Chain chain(*net);
  const auto adam = make_optimizer(net->parameters(), {.lr = 1e-3});
  const Tensor x = test::random_tensor({3, size, size, 3}, 1),
               labels = test::random_labels(3, 3, 2);
  Steps steps;
  const std::size_t before = memory_statistics().in_use;
  reset_peak_memory();
  for (std::uint64_t step = 0; step < 2; ++step) {
    set_dropout_state(7, step);
    const Tensor logits = recompute ? chain.run_recomputed(x, 0, chain.size()) : (*net)(x);
    const Tensor loss = softmax_cross_entropy(logits, labels);
    steps.tensors.push_back(loss.values());
    adam->minimise(loss);
  }
  steps.peak = memory_statistics().peak - before;
  for (const auto& all : {net->parameters(), net->buffers()}) {
    for (const NamedTensor& t : all) steps.tensors.push_back(t.tensor.values());
  }
  return steps;
}

// Batch norm's running statistics, dropout's masks and sums of paths included.
TEST(Recompute, GivesTheSameBits) {
  for (const char* name : {"resnet18", "cnn:dropout", "squeezenet1_1"}) {
    const Steps kept = train(name, 64, false), again = train(name, 64, true);
    EXPECT_EQ(kept.tensors, again.tensors) << name;
  }
}

// Workspaces of kernels, which are the same in both, included: the images are large enough to tell.
TEST(Recompute, TakesLessMemory) {
  const Steps kept = train("resnet50", 160, false), again = train("resnet50", 160, true);
  EXPECT_EQ(kept.tensors, again.tensors);
  EXPECT_LT(again.peak, 0.6 * kept.peak);
}

TEST(Recompute, ASegmentThatChangesNothingIsNoTrouble) {
  Tensor x = test::random_tensor({2, 3}, 1).set_requires_grad(true);
  const Tensor y = recomputed([](Tensor in) { return in; }, x, {});
  y.backward(Tensor::full({2, 3}, 2));
  EXPECT_EQ(x.grad().values(), std::vector<float>(6, 2));
  EXPECT_FALSE(recomputing());
}

}  // namespace
}  // namespace hilum
