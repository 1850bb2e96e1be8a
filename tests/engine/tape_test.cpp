// The tape itself: fan-out, accumulation, spent tapes, chains too long for recursion, in-place
// work.
#include "engine/tape.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/allocator.h"
#include "engine/layers.h"
#include "engine/ops.h"
#include "kernels/error.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_tensor;

// y = scale * x, recorded; the gradient is scale * dy.
Tensor scaled(const Tensor& x, float scale) {
  Tensor y = Tensor::empty(x.shape());
  for (std::size_t i = 0; i < x.count(); ++i) y.data()[i] = scale * x.data()[i];
  return record("scaled", {x}, y, [scale](Tensor dy) {
    Tensor dx = Tensor::empty(dy.shape());
    for (std::size_t i = 0; i < dy.count(); ++i) dx.data()[i] = scale * dy.data()[i];
    return std::vector<Tensor>{dx};
  });
}

TEST(Tape, FanOutAddsEveryPath) {
  Tensor x = Tensor::full({3}, 1).set_requires_grad(true);
  const Tensor a = scaled(x, 2), b = scaled(x, 3);
  // x reaches the end by five paths: 2, 3, 3 * 5 and twice directly.
  const Tensor y = add(add(a, b), add(scaled(b, 5), add(x, x)));
  y.backward(Tensor::full({3}, 10));
  EXPECT_EQ(x.grad().values(), std::vector<float>(3, 220));
}

TEST(Tape, DiamondOfManyLevels) {
  // Each level doubles the number of paths: 2^40 of them, visited once a node.
  Tensor x = Tensor::full({2}, 1).set_requires_grad(true);
  Tensor y = scaled(x, 0.5f);
  for (int level = 0; level < 40; ++level) y = scaled(add(y, y), 0.5f);
  y.backward(Tensor::full({2}, 1));
  EXPECT_EQ(x.grad().values(), std::vector<float>(2, 0.5f));
}

TEST(Tape, LeafGradientsAreAddedToWhatIsThere) {
  Tensor x = random_tensor({4}, 1).set_requires_grad(true);
  const Tensor noise = random_tensor({4}, 2);
  const std::vector<float> noise_before = noise.values();
  x.set_grad(noise);
  scaled(x, 3).backward(Tensor::full({4}, 1));
  scaled(x, 3).backward(Tensor::full({4}, 1));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FLOAT_EQ(x.grad().data()[i], noise_before[i] + 6);
  }
  EXPECT_EQ(noise.values(), noise_before) << "the tensor given to set_grad was written into";
}

TEST(Tape, GradientsOfTwoLeavesAreTheirOwnBuffers) {
  Tensor a = Tensor::full({3}, 1).set_requires_grad(true);
  Tensor b = Tensor::full({3}, 1).set_requires_grad(true);
  const Tensor cotangent = Tensor::full({3}, 7);
  add(a, b).backward(cotangent);
  Tensor grad_a = a.grad();
  grad_a.data()[0] = -1;
  EXPECT_EQ(b.grad().data()[0], 7);
  EXPECT_EQ(cotangent.data()[0], 7);
}

TEST(Tape, SecondBackwardIsAnError) {
  Tensor x = Tensor::full({1}, 1).set_requires_grad(true);
  const Tensor shared = scaled(x, 2), first = scaled(shared, 3), second = scaled(shared, 4);
  first.backward();
  EXPECT_EQ(x.grad().item(), 6);
  EXPECT_THROW(first.backward(), Error);
  EXPECT_THROW(second.backward(), Error) << "its tape goes through a spent node";
  EXPECT_EQ(x.grad().item(), 6) << "a refused backward() has changed a gradient";
}

TEST(Tape, MillionNodesNeitherSortedNorFreedByRecursion) {
  Tensor x = Tensor::full({1}, 1).set_requires_grad(true);
  constexpr int nodes = 1'000'000;
  Tensor y = x;
  for (int i = 0; i < nodes; ++i) y = scaled(y, 1);
  y.backward();
  EXPECT_EQ(x.grad().item(), 1);
  // And once more without a backward pass, freed from its end; the closures, too, keep handles that
  // are on the tape.
  y = x;
  for (int i = 0; i < nodes; ++i) {
    Tensor next = Tensor::full({1}, 1);
    y = record("keeps", {y}, next, [y](Tensor dy) { return std::vector<Tensor>{dy}; });
  }
  y = Tensor();
}

TEST(Tape, NoGradRecordsNothing) {
  Tensor x = Tensor::full({2}, 1).set_requires_grad(true);
  {
    const NoGrad no_grad;
    EXPECT_FALSE(grad_enabled());
    EXPECT_FALSE(scaled(x, 2).requires_grad());
  }
  EXPECT_TRUE(grad_enabled());
  EXPECT_TRUE(scaled(x, 2).requires_grad());
}

TEST(Tape, NothingRequiresAGradient) {
  const Tensor x = Tensor::full({1}, 1);
  EXPECT_FALSE(scaled(x, 2).requires_grad());
  EXPECT_THROW(scaled(x, 2).backward(), Error);
}

TEST(Tape, DetachCutsAndReshapePasses) {
  Tensor x = Tensor::full({2, 3}, 1).set_requires_grad(true);
  const Tensor y = scaled(x.reshape({3, 2}), 2);
  EXPECT_FALSE(y.detach().requires_grad());
  EXPECT_THROW(x.reshape({7}), Error);
  y.reshape({6}).backward(Tensor::full({6}, 1));
  EXPECT_EQ(x.grad().shape(), (Shape{2, 3}));
  EXPECT_EQ(x.grad().data()[5], 2);
}

TEST(Tape, RetainedGradientOfAnIntermediateResult) {
  Tensor x = Tensor::full({2}, 1).set_requires_grad(true);
  Tensor middle = scaled(x, 2);
  middle.retain_grad();
  const Tensor dropped = scaled(middle, 3);
  relu(dropped).backward(Tensor::full({2}, 1));
  EXPECT_EQ(middle.grad().values(), std::vector<float>(2, 3));
  EXPECT_FALSE(dropped.grad().defined());
  EXPECT_EQ(x.grad().values(), std::vector<float>(2, 6));
}

TEST(Tape, WrongGradientsOfAClosureAreNamed) {
  Tensor x = Tensor::full({2}, 1).set_requires_grad(true);
  auto with = [&](std::vector<Tensor> gradients) {
    return record("odd", {x}, Tensor::full({2}, 1), [gradients](Tensor) { return gradients; });
  };
  EXPECT_THROW(with({}).backward(Tensor::full({2}, 1)), Error);
  EXPECT_THROW(with({Tensor::full({3}, 1)}).backward(Tensor::full({2}, 1)), Error);
  EXPECT_THROW(with({Tensor::full({2}, 1)}).backward(Tensor::full({3}, 1)), Error);
  EXPECT_THROW(with({Tensor::full({2}, 1)}).backward(), Error) << "not a scalar";
}

TEST(Tape, InPlaceOnlyWhereNobodyElseSees) {
  const Tensor negative = Tensor::full({8}, -1);
  EXPECT_EQ(relu(negative).data()[0], 0);
  EXPECT_EQ(negative.data()[0], -1) << "a tensor that its owner still holds was overwritten";

  Tensor temporary = Tensor::full({8}, -1);
  const float* buffer = std::as_const(temporary).data();
  const Tensor in_place = relu(std::move(temporary));
  EXPECT_EQ(in_place.data(), buffer);

  Tensor leaf = Tensor::full({8}, -1).set_requires_grad(true);
  const Tensor y = relu(std::move(leaf));
  EXPECT_EQ(y.data()[0], 0);

  // sigmoid keeps its output for backward, so what follows must not write into it.
  Tensor x = random_tensor({8}, 3).set_requires_grad(true);
  const Tensor b = random_tensor({8}, 4);
  const Tensor z = relu(bias(sigmoid(x.reshape({1, 8})), b));
  z.backward(Tensor::full({1, 8}, 1));
  for (std::size_t i = 0; i < 8; ++i) {
    const float s = 1 / (1 + std::exp(-x.data()[i]));
    EXPECT_NEAR(x.grad().data()[i], s + b.data()[i] > 0 ? s * (1 - s) : 0, 1e-6);
  }
}

TEST(Tape, SavedTensorsAreFreedOnTheWay) {
  const std::size_t before = memory_statistics().in_use;
  Tensor w = random_tensor({256, 256}, 5).set_requires_grad(true);
  Tensor loss;
  {
    Tensor x = random_tensor({64, 256}, 6);
    for (int i = 0; i < 10; ++i) x = relu(dense(x, w));
    loss = penalty(x, 0, 1);
  }
  const std::size_t recorded = memory_statistics().in_use;
  reset_peak_memory();
  loss.backward();
  const MemoryStatistics after = memory_statistics();
  // Left: w, its gradient and the loss. On the way: never more than the tape plus a few buffers.
  EXPECT_LE(after.in_use - before, 2 * 256 * 256 * 4 + 2 * size_class(4));
  EXPECT_LE(after.peak, recorded + 2 * 256 * 256 * 4 + 4 * 64 * 256 * 4);
}

TEST(Tape, ActivationsThatBackwardNeedsNotAreFreedForward) {
  Tensor w = random_tensor({64, 64}, 7).set_requires_grad(true);
  const Tensor b = Tensor::full({64}, 1);
  const std::size_t before = memory_statistics().in_use;
  Tensor x = random_tensor({100, 64}, 8);
  for (int i = 0; i < 10; ++i) x = relu(bias(dense(x, w), b));
  // One activation a layer (relu's output, which is dense's next input), not three.
  EXPECT_LE(memory_statistics().in_use - before, 11 * size_class(100 * 64 * 4));
}

}  // namespace
}  // namespace hilum
