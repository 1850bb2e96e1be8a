// Every operation on the tape against central differences of itself, with a random cotangent: the
// kernels are proved elsewhere, here it is the wiring (which operand, which order, which problem).
#include "engine/ops.h"

#include <gtest/gtest.h>

#include <functional>

#include "kernels/avg_pool/ref.h"
#include "kernels/conv2d/ref.h"
#include "kernels/error.h"
#include "kernels/max_pool/ref.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_labels;
using test::random_tensor;

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.count(); ++i) {
    sum += static_cast<double>(a.data()[i]) * static_cast<double>(b.data()[i]);
  }
  return sum;
}

// For every input a random direction: the derivative along it from the gradients, and from the
// values at both sides. In float a step of 2^-6 leaves about 1e-3 of error for smooth functions.
void expect_gradients(const Function& f, std::vector<Tensor> inputs) {
  for (Tensor& x : inputs) x.set_requires_grad(true);
  const Tensor y = f(inputs);
  const Tensor cotangent = random_tensor(y.shape(), 99);
  // Pre-filled with noise: gradients are added, not assigned.
  std::vector<Tensor> noise;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    noise.push_back(random_tensor(inputs[i].shape(), 200 + i));
    inputs[i].set_grad(noise[i]);
  }
  y.backward(cotangent);
  const NoGrad no_grad;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_EQ(inputs[i].grad().shape(), inputs[i].shape());
    const Tensor direction = random_tensor(inputs[i].shape(), 300 + i);
    const double expected = dot(inputs[i].grad(), direction) - dot(noise[i], direction);
    const Tensor middle = inputs[i].clone();
    const float h = 0x1p-6f;
    double side[2];
    for (int s = 0; s < 2; ++s) {
      for (std::size_t j = 0; j < middle.count(); ++j) {
        inputs[i].data()[j] = middle.data()[j] + (s == 0 ? -h : h) * direction.data()[j];
      }
      side[s] = dot(f(inputs), cotangent);
    }
    std::copy_n(middle.data(), middle.count(), inputs[i].data());
    const double measured = (side[1] - side[0]) / (2 * h);
    const double scale =
        std::sqrt(dot(inputs[i].grad(), inputs[i].grad())) *
            std::sqrt(dot(direction, direction) / static_cast<double>(middle.count())) +
        1e-3;
    EXPECT_NEAR(measured, expected, 5e-3 * scale) << "input " << i;
  }
}

// Values at least 0.1 apart and away from 0: no kink within a step of the differences.
Tensor spread_tensor(const Shape& shape, std::uint64_t seed) {
  Tensor t = Tensor::empty(shape);
  const std::vector<std::size_t> order = permutation(t.count(), seed, 0);
  for (std::size_t i = 0; i < t.count(); ++i) {
    t.data()[i] = 0.3f * (static_cast<float>(order[i]) -
                          std::floor(static_cast<float>(t.count()) / 2) + 0.25f);
  }
  return t;
}

TEST(Ops, Conv2d) {
  Conv2dOptions o;
  o.stride_h = 2;
  o.pad_w = 1;
  o.dilation_w = 2;
  o.groups = 2;
  expect_gradients([&](const auto& in) { return conv2d(in[0], in[1], o); },
                   {random_tensor({2, 7, 9, 4}, 1), random_tensor({6, 3, 2, 2}, 2)});
}
TEST(Ops, Dense) {
  expect_gradients([](const auto& in) { return dense(in[0], in[1]); },
                   {random_tensor({3, 5}, 1), random_tensor({4, 5}, 2)});
}
TEST(Ops, Bias) {
  expect_gradients([](const auto& in) { return bias(in[0], in[1]); },
                   {random_tensor({2, 3, 3, 5}, 1), random_tensor({5}, 2)});
}
TEST(Ops, MaxPool) {
  expect_gradients(
      [](const auto& in) {
        return max_pool(in[0], {3, 2, 2, 1, 1, 0});
      },
      {spread_tensor({2, 7, 5, 3}, 1)});
}
TEST(Ops, AvgPool) {
  for (const bool count_pad : {false, true}) {
    expect_gradients(
        [&](const auto& in) {
          return avg_pool(in[0], {3, 2, 2, 1, 1, 0, count_pad});
        },
        {random_tensor({2, 7, 5, 3}, 1)});
  }
}
TEST(Ops, GlobalAvgPool) {
  expect_gradients([](const auto& in) { return adaptive_avg_pool(in[0], 2, 3); },
                   {random_tensor({2, 5, 4, 3}, 1)});
  expect_gradients([](const auto& in) { return global_avg_pool(in[0]); },
                   {random_tensor({2, 3, 5, 4}, 1)});
}
TEST(Ops, Relu) {
  expect_gradients([](const auto& in) { return relu(in[0]); }, {spread_tensor({5, 7}, 1)});
  // Beyond the ceiling too.
  expect_gradients(
      [](const auto& in) {
        return relu6(add(in[0], Tensor::full({5, 7}, 5.5f)));
      },
      {spread_tensor({5, 7}, 1)});
}
TEST(Ops, Sigmoid) {
  expect_gradients([](const auto& in) { return sigmoid(in[0]); }, {random_tensor({5, 7}, 1)});
}
TEST(Ops, Add) {
  expect_gradients([](const auto& in) { return add(in[0], in[1]); },
                   {random_tensor({5, 7}, 1), random_tensor({5, 7}, 2)});
}
TEST(Ops, Concat) {
  expect_gradients(
      [](const auto& in) {
        return concat({in[0], in[1]});
      },
      {random_tensor({2, 3, 2, 4}, 1), random_tensor({2, 3, 2, 1}, 2)});
  // More than the kernel joins at once, and one of them twice.
  expect_gradients(
      [](const auto& in) {
        return concat({in[0], in[1], in[2], in[1], in[0], in[2]});
      },
      {random_tensor({6, 4}, 1), random_tensor({6, 1}, 2), random_tensor({6, 3}, 3)});
}
TEST(Ops, Flatten) {
  expect_gradients([](const auto& in) { return zero_pad(in[0], 1, 2, 0, 3); },
                   {random_tensor({2, 3, 4, 5}, 1)});
  expect_gradients([](const auto& in) { return flatten(in[0]); }, {random_tensor({2, 3, 4, 5}, 1)});
}
TEST(Ops, Dropout) {
  expect_gradients([](const auto& in) { return dropout(in[0], 0.4f, 7, 3); },
                   {random_tensor({11, 13}, 1)});
}
TEST(Ops, Penalty) {
  expect_gradients([](const auto& in) { return penalty(in[0], 0.3f, 0.2f); },
                   {spread_tensor({5, 3}, 1)});
}
TEST(Ops, BatchNorm) {
  for (const bool training : {true, false}) {
    expect_gradients(
        [&](const auto& in) {
          Tensor mean = Tensor::full({3}, 0.2f), var = Tensor::full({3}, 1.5f);
          return batch_norm(in[0], in[1], in[2], mean, var, training, 0.1f, 1e-3f);
        },
        {random_tensor({4, 3, 2, 3}, 1), random_tensor({3}, 2), random_tensor({3}, 3)});
  }
}
TEST(Ops, SoftmaxCrossEntropy) {
  const Tensor labels = random_labels(6, 4, 5),
               weights = Tensor::from(std::vector<float>{1, 2, 3, 0.5f}, {4});
  expect_gradients([&](const auto& in) { return softmax_cross_entropy(in[0], labels); },
                   {random_tensor({6, 4}, 1)});
  expect_gradients(
      [&](const auto& in) { return softmax_cross_entropy(in[0], labels, weights, 0.1f); },
      {random_tensor({6, 4}, 1)});
}

// Options that are all different, so that none can take another's place.
TEST(Ops, OptionsReachTheKernel) {
  const Tensor x = random_tensor({2, 14, 17, 6}, 1), w = random_tensor({4, 3, 2, 3}, 2);
  auto expect_same = [](const Tensor& y, const Shape& shape, const std::vector<float>& expected) {
    ASSERT_EQ(y.shape(), shape);
    for (std::size_t i = 0; i < y.count(); ++i) ASSERT_NEAR(y.data()[i], expected[i], 1e-4);
  };
  const Conv2dProblem conv{2, 14, 17, 6, 4, 3, 2, 2, 3, 1, 5, 4, 6, 2};
  std::vector<float> expected(conv.y_count());
  Conv2dForward::reference<float>(conv, x.data(), w.data(), expected.data());
  expect_same(conv2d(x, w, {2, 3, 1, 5, 4, 6, 2}), {2, conv.p(), conv.q(), 4}, expected);

  const PoolWindow window{2, 14, 17, 6, 3, 5, 2, 4, 1, 3};
  const Shape pooled{2, window.p(), window.q(), 6};
  expected.resize(window.y_count());
  MaxPoolForward::reference<float>({window}, x.data(), expected.data());
  expect_same(max_pool(x, {3, 5, 2, 4, 1, 3}), pooled, expected);
  PoolWindow ceiling = window;
  ceiling.ceil_mode = true;
  expected.resize(ceiling.y_count());
  MaxPoolForward::reference<float>({ceiling}, x.data(), expected.data());
  expect_same(max_pool(x, {3, 5, 2, 4, 1, 3, true, true}), {2, window.p() + 1, window.q(), 6},
              expected);
  expected.resize(window.y_count());
  for (const bool count_pad : {false, true}) {
    AvgPoolForward::reference<float>({window, count_pad}, x.data(), expected.data());
    expect_same(avg_pool(x, {3, 5, 2, 4, 1, 3, count_pad}), pooled, expected);
  }
}

TEST(Ops, BatchNormUpdatesItsRunningEstimates) {
  const Tensor x = Tensor::from(std::vector<float>{1, 3, 5, 7}, {4, 1});
  const Tensor one = Tensor::full({1}, 1), zero = Tensor::zeros({1});
  Tensor mean = Tensor::full({1}, 10), var = Tensor::full({1}, 2);
  batch_norm(x, one, zero, mean, var, false, 0.25f, 1e-5f);
  EXPECT_EQ(mean.item(), 10);
  batch_norm(x, one, zero, mean, var, true, 0.25f, 1e-5f);
  EXPECT_FLOAT_EQ(mean.item(), 0.75f * 10 + 0.25f * 4);
  EXPECT_FLOAT_EQ(var.item(), 0.75f * 2 + 0.25f * 20 / 3);
}

TEST(Ops, FlattenPutsChannelsFirst) {
  const Tensor x = Tensor::from(std::vector<float>{1, 10, 2, 20, 3, 30}, {1, 1, 3, 2});
  EXPECT_EQ(flatten(x).values(), (std::vector<float>{1, 2, 3, 10, 20, 30}));
}

TEST(Ops, SoftmaxSumsToOne) {
  const Tensor y = softmax(random_tensor({3, 5}, 1));
  for (int n = 0; n < 3; ++n) {
    double sum = 0;
    for (int c = 0; c < 5; ++c) sum += y.data()[n * 5 + c];
    EXPECT_NEAR(sum, 1, 1e-6);
  }
}

TEST(Ops, ShapesThatDoNotFitAreUsageErrors) {
  const Tensor image = Tensor::zeros({1, 8, 8, 3}), matrix = Tensor::zeros({2, 3});
  const std::function<void()> wrong[] = {
      [&] {
        conv2d(matrix, Tensor::zeros({4, 3, 3, 3}));
      },
      [&] {
        conv2d(image, Tensor::zeros({4, 3, 3, 2}));
      },
      [&] {
        conv2d(image, Tensor::zeros({4, 9, 9, 3}));
      },
      [&] {
        conv2d(image, Tensor::zeros({4, 3, 3, 3}), {0});
      },
      [&] {
        dense(matrix, Tensor::zeros({4, 2}));
      },
      [&] {
        dense(image, Tensor::zeros({4, 2}));
      },
      [&] { bias(image, Tensor::zeros({4})); },
      [&] {
        bias(image, Tensor::zeros({1, 3}));
      },
      [&] {
        max_pool(image, {9, 9, 1, 1});
      },
      [&] {
        max_pool(image, {2, 2, 0, 0});
      },
      [&] { avg_pool(matrix); },
      [&] { global_avg_pool(matrix); },
      [&] { adaptive_avg_pool(matrix, 1, 1); },
      [&] { adaptive_avg_pool(image, 0, 1); },
      [&] {
        avg_pool(image, {2, 2, 2, 2, 0, 0, true, true});
      },
      [&] { flatten(matrix); },
      [&] { zero_pad(matrix, 1, 1, 1, 1); },
      [&] {
        add(matrix, Tensor::zeros({3, 2}));
      },
      [&] { concat({}); },
      [&] {
        concat({matrix, Tensor::zeros({3, 3})});
      },
      [&] { dropout(matrix, 1, 0, 0); },
      [&] { softmax(image); },
      [&] { softmax_cross_entropy(matrix, random_labels(3, 3, 1)); },
      [&] { softmax_cross_entropy(matrix, Tensor::zeros({2})); },
      [&] { softmax_cross_entropy(matrix, random_labels(2, 3, 1), Tensor::zeros({2})); },
      [&] {
        softmax_cross_entropy(matrix, Tensor::from(std::vector<std::int32_t>{0, 3}, {2}));
      },
      [&] {
        softmax_cross_entropy(matrix, Tensor::from(std::vector<std::int32_t>{-1, 0}, {2}));
      },
      [&] {
        Tensor two = Tensor::zeros({2}), three = Tensor::zeros({3});
        batch_norm(matrix, three, three, two, three, true, 0.1f, 1e-5f);
      },
  };
  for (std::size_t i = 0; i < std::size(wrong); ++i) {
    try {
      wrong[i]();
      ADD_FAILURE() << "case " << i << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << i << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace hilum
