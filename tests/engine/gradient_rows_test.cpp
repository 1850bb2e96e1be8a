// The gradient of a large dense layer, handed over some rows at a time: the same bits as the whole
// one, in a fraction of its memory, and whole where anybody else has a part in it.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/allocator.h"
#include "engine/ops.h"
#include "engine/optimizer.h"
#include "engine/recompute.h"
#include "engine/tape.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_tensor;

// 12 MB, beyond what is given whole; neither size is a multiple of anything.
constexpr std::size_t outputs = 1501, inputs = 2003, batch = 5;

Tensor large_weights() {
  return random_tensor({outputs, inputs}, 1, 0.02f).set_requires_grad(true);
}
Tensor images() { return random_tensor({batch, inputs}, 2); }
Tensor cotangent() { return random_tensor({batch, outputs}, 3); }

// What a backward pass of `y` gives of `w` in rows, put together; empty where it is given whole.
std::vector<float> gradient_in_rows(const Tensor& y, const Tensor& w) {
  std::vector<float> all;
  const LeafInRows in_rows = [&](const Tensor& leaf) -> TakeRows {
    if (leaf.state() != w.state()) return nullptr;
    return [&all](std::size_t first_row, const Tensor& rows) {
      EXPECT_EQ(first_row * inputs, all.size());
      EXPECT_EQ(rows.size(1), inputs);
      const std::vector<float> values = rows.values();
      all.insert(all.end(), values.begin(), values.end());
    };
  };
  backward(y, cotangent(), nullptr, in_rows);
  return all;
}

TEST(GradientRows, AreTheRowsOfTheWholeGradient) {
  Tensor whole = large_weights(), apart = large_weights();
  dense(images(), whole).backward(cotangent());
  EXPECT_EQ(gradient_in_rows(dense(images(), apart), apart), whole.grad().values());
  EXPECT_FALSE(apart.grad().defined());
}

TEST(GradientRows, ComeOutOfARecomputedSegment) {
  Tensor whole = large_weights(), apart = large_weights();
  dense(images(), whole).backward(cotangent());
  Tensor x = images().set_requires_grad(true);
  const auto segment = [&](Tensor input) { return dense(input, apart); };
  EXPECT_EQ(gradient_in_rows(recomputed(segment, x, {apart}), apart), whole.grad().values());
  EXPECT_TRUE(x.grad().defined());
}

TEST(GradientRows, AreNotGivenWhereSomethingIsAddedToThem) {
  Tensor w = large_weights();
  // Used twice, in one pass and inside of a segment.
  EXPECT_TRUE(gradient_in_rows(add(dense(images(), w), dense(images(), w)), w).empty());
  EXPECT_TRUE(w.grad().defined());
  // A gradient of another pass is there already.
  EXPECT_TRUE(gradient_in_rows(dense(images(), w), w).empty());
  w.clear_grad();
  const auto twice = [&](Tensor x) { return add(dense(x, w), dense(x, w)); };
  EXPECT_TRUE(gradient_in_rows(recomputed(twice, images(), {w}), w).empty());
  w.clear_grad();
  const auto once = [&](Tensor x) { return dense(x, w); };
  const Tensor sum = add(recomputed(once, images(), {w}), dense(images(), w));
  EXPECT_TRUE(gradient_in_rows(sum, w).empty());
  Tensor expected = large_weights();
  add(dense(images(), expected), dense(images(), expected)).backward(cotangent());
  const std::vector<float> got = w.grad().values(), wanted = expected.grad().values();
  EXPECT_TRUE(std::equal(got.begin(), got.end(), wanted.begin(), [](float a, float b) {
    return std::abs(a - b) <= 1e-5f * (1 + std::abs(b));
  }));
}

TEST(GradientRows, UpdateAsTheWholeGradientDoes) {
  for (const char* name : {"sgd", "adam", "adamw"}) {
    OptimizerOptions options;
    options.name = name;
    options.weight_decay = 0.01;
    Tensor whole = large_weights(), apart = large_weights();
    const auto a = make_optimizer({{"w", whole}}, options);
    const auto b = make_optimizer({{"w", apart}}, options);
    for (auto* optimizer : {a.get(), b.get()}) {
      optimizer->set_lr_factors([](const std::string&) { return 0.5; });
    }
    for (std::uint64_t step = 0; step < 3; ++step) {
      const Tensor labels = test::random_labels(batch, outputs, step);
      softmax_cross_entropy(dense(images(), whole), labels).backward();
      a->step();
      a->zero_grad();
      b->minimise(softmax_cross_entropy(dense(images(), apart), labels));
      EXPECT_EQ(whole.values(), apart.values()) << name << ", step " << step;
    }
    EXPECT_EQ(a->state().size(), b->state().size());
    for (std::size_t i = 0; i < a->state().size(); ++i) {
      EXPECT_EQ(a->state()[i].tensor.values(), b->state()[i].tensor.values()) << name;
    }
  }
}

TEST(GradientRows, TakeAFractionOfTheMemory) {
  Tensor w = large_weights();
  const auto sgd = make_optimizer({{"w", w}}, {.name = "sgd", .momentum = 0});
  const Tensor x = images(), labels = test::random_labels(batch, outputs, 4);
  reset_peak_memory();
  const std::size_t before = memory_statistics().in_use;
  sgd->minimise(softmax_cross_entropy(dense(x, w), labels));
  EXPECT_LE(memory_statistics().peak - before, w.count() * sizeof(float) / 2);
}

}  // namespace
}  // namespace hilum
