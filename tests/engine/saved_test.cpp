// Results that are made again instead of kept: the fused batch norm beside its parts, chains of
// recipes, what stays in memory, and updates that do not wait for the whole backward pass.
#include "engine/saved.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/allocator.h"
#include "engine/init.h"
#include "engine/layers.h"
#include "engine/ops.h"
#include "engine/optimizer.h"
#include "engine/tape.h"
#include "kernels/dispatch.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_tensor;

// x -> relu(bn(conv(x)) + x), `blocks` times; every parameter and buffer drawn at random.
struct Blocks {
  explicit Blocks(std::size_t blocks, std::size_t c = 8) {
    for (std::uint64_t i = 0; i < blocks; ++i) {
      w.push_back(random_tensor({c, 1, 1, c}, 10 * i, 0.5f).set_requires_grad(true));
      gamma.push_back(random_tensor({c}, 10 * i + 1).set_requires_grad(true));
      beta.push_back(random_tensor({c}, 10 * i + 2).set_requires_grad(true));
      mean.push_back(random_tensor({c}, 10 * i + 3));
      var.push_back(Tensor::full({c}, 1));
    }
  }
  Tensor run(Tensor x) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      Tensor y = conv2d(x, w[i]);
      x = batch_norm_relu(y, gamma[i], beta[i], mean[i], var[i], 0.1f, 1e-5f, std::move(x));
    }
    return x;
  }
  // Outputs, gradients and running statistics, by name.
  std::map<std::string, std::vector<float>> step(Tensor x) {
    x.set_requires_grad(true);
    const Tensor y = run(x);
    y.backward(random_tensor(y.shape(), 99));
    std::map<std::string, std::vector<float>> all = {{"y", y.values()}, {"dx", x.grad().values()}};
    for (std::size_t i = 0; i < w.size(); ++i) {
      const std::string n = std::to_string(i);
      all["dw" + n] = w[i].grad().values();
      all["dgamma" + n] = gamma[i].grad().values();
      all["dbeta" + n] = beta[i].grad().values();
      all["mean" + n] = mean[i].values();
      all["var" + n] = var[i].values();
    }
    return all;
  }
  std::vector<Tensor> w, gamma, beta, mean, var;
};

// relu(bn(parts side by side)) times a fixed cotangent: output, gradients, running statistics.
std::map<std::string, std::vector<float>> parts_step(bool joined) {
  std::vector<Tensor> parts;
  std::uint64_t seed = 20;
  for (const std::size_t c : {5u, 16u, 32u, 1u, 8u}) {
    parts.push_back(random_tensor({3, 5, 7, c}, seed++).set_requires_grad(true));
  }
  Tensor gamma = random_tensor({62}, 30).set_requires_grad(true);
  Tensor beta = random_tensor({62}, 31).set_requires_grad(true);
  Tensor mean = random_tensor({62}, 32), var = Tensor::full({62}, 2);
  const Tensor y = joined ? batch_norm_relu(concat(parts), gamma, beta, mean, var, 0.1f, 1e-5f)
                          : batch_norm_relu(parts, gamma, beta, mean, var, 0.1f, 1e-5f);
  const Tensor w = random_tensor({9, 1, 1, 62}, 34).set_requires_grad(true);  // wants y again
  const Tensor z = conv2d(y, w);
  z.backward(random_tensor(z.shape(), 33));
  std::map<std::string, std::vector<float>> all = {
      {"y", y.values()},       {"dw", w.grad().values()},       {"dgamma", gamma.grad().values()},
      {"mean", mean.values()}, {"dbeta", beta.grad().values()}, {"var", var.values()}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    all["dx" + std::to_string(i)] = parts[i].grad().values();
  }
  return all;
}

TEST(Saved, PartsNeedNotBeJoinedForBatchNorm) {
  const auto apart = parts_step(false), joined = parts_step(true);
  for (const auto& [name, values] : joined) {
    ASSERT_EQ(apart.at(name).size(), values.size()) << name;
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_NEAR(apart.at(name)[i], values[i], 2e-5 * (1 + std::fabs(values[i])))
          << name << "[" << i << "]";
    }
  }
  Tensor gamma = Tensor::full({6}, 1), beta = gamma.clone(), mean = gamma.clone(), var = mean;
  const auto refused = [&](const std::vector<Tensor>& parts) {
    EXPECT_THROW(batch_norm_relu(parts, gamma, beta, mean, var, 0.1f, 1e-5f), Error);
  };
  refused({});
  refused({random_tensor({2, 3, 3, 2}, 1), random_tensor({2, 3, 4, 4}, 1)});  // other pixels
  refused({random_tensor({2, 3, 3, 2}, 1), random_tensor({2, 3, 3, 5}, 1)});  // seven channels
}

// The same values without a recipe.
Tensor record_copy(const Tensor& x) {
  return record("copy", {x}, x.clone(), [](Tensor dy) { return std::vector<Tensor>{dy}; });
}

TEST(Saved, FusedBatchNormIsItsParts) {
  // Ten blocks: more than one chain of recipes.
  const Tensor x = random_tensor({3, 5, 5, 8}, 7);
  const auto fused = Blocks(10).step(x.clone());
  std::map<std::string, std::vector<float>> parts;
  {
    const KernelScope apart("batch_norm=ref");  // a row of a part was asked for
    parts = Blocks(10).step(x.clone());
  }
  for (const auto& [name, values] : parts) {
    double scale = 0;
    for (const float v : values) scale = std::max(scale, std::fabs(static_cast<double>(v)));
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_NEAR(fused.at(name)[i], values[i], 2e-5 * scale + 1e-6) << name << "[" << i << "]";
    }
  }
}

TEST(Saved, ActivationsAreMadeAgainAndNotKept) {
  const std::size_t image = 16 * 16 * 16 * 64 * 4, blocks = 8;
  Blocks net(blocks, 64);
  const std::size_t before = memory_statistics().in_use;
  Tensor y = net.run(random_tensor({16, 16, 16, 64}, 1));
  // The input, what the convolutions gave and every fifth sum; y, which is its last sum, is held
  // here. Kept, each block would hold two.
  EXPECT_LE(memory_statistics().in_use - before, (1 + blocks + 1 + 1) * image + (1 << 16));
  reset_peak_memory();
  y.backward(Tensor::full(y.shape(), 1));
  EXPECT_LE(memory_statistics().peak - before, (1 + blocks + 2 + 8) * image + (1 << 20));
}

// conv -> bias -> relu, made again in one buffer; beside it the gradient on its two sides.
TEST(Saved, AChainIsMadeAgainInPlace) {
  const std::size_t image = 8 * 64 * 64 * 16 * 4;
  Tensor filters = random_tensor({16, 3, 3, 3}, 1).set_requires_grad(true);
  Tensor added = random_tensor({16}, 2).set_requires_grad(true);
  Tensor next = random_tensor({16, 1, 1, 16}, 3).set_requires_grad(true);
  Conv2dOptions pad;
  pad.pad_h = pad.pad_w = 1;
  const Tensor x = random_tensor({8, 64, 64, 3}, 4), dy = random_tensor({8, 64, 64, 16}, 5);
  Tensor y = conv2d(relu(bias(conv2d(x, filters, pad), added)), next);
  reset_peak_memory();
  const std::size_t before = memory_statistics().in_use;
  y.backward(dy);
  EXPECT_LE(memory_statistics().peak - before, 2 * image + (1 << 20));
}

TEST(Saved, ARecipeIsUsedOnceAndSharedByItsUsers) {
  int made = 0;
  Tensor y = Tensor::full({4}, 2);
  set_recipe(y, {}, [&] {
    ++made;
    return Tensor::full({4}, 2);
  });
  const Saved one(y), two(y);
  y = Tensor();
  EXPECT_EQ(made, 0);
  EXPECT_EQ(one.get().values(), std::vector<float>(4, 2));
  EXPECT_EQ(two.get().data(), one.get().data());
  EXPECT_EQ(made, 1);
}

TEST(Saved, TheEndOfALongChainIsKept) {
  Tensor y = Tensor::full({1}, 0);
  for (std::size_t i = 1; i <= 2 * max_recipe_length + 2; ++i) {
    const Saved before(y);
    y = Tensor::full({1}, static_cast<float>(i));
    set_recipe(y, {before}, [before] { return Tensor::full({1}, before.get().item() + 1); });
    EXPECT_EQ(Saved(y).recipe_length(), i % (max_recipe_length + 1)) << i;
    EXPECT_EQ(Saved(y).get().item(), static_cast<float>(i));
  }
}

// conv -> bias -> relu -> conv -> relu -> pool: the first convolution is cheap and made again, the
// pool keeps bytes. Against the operations one by one, with every result kept.
TEST(Saved, PoolBehindReluAndCheapConvolutionGiveTheBitsOfTheirParts) {
  auto step = [](bool apart) {
    std::vector<Tensor> all = {random_tensor({2, 11, 9, 3}, 1), random_tensor({8, 3, 3, 3}, 2),
                               random_tensor({8}, 3), random_tensor({16, 3, 3, 8}, 4),
                               random_tensor({16}, 5)};
    for (Tensor& t : all) t.set_requires_grad(true);
    Conv2dOptions pad;
    pad.pad_h = pad.pad_w = 1;
    auto cut = [apart](const Tensor& x) { return apart ? record_copy(x) : x; };
    Tensor x = relu(bias(cut(conv2d(all[0], all[1], pad)), all[2]));
    x = bias(conv2d(x, all[3], pad), all[4]);
    x = apart ? max_pool(relu(x)) : relu_max_pool(std::move(x));
    x.backward(random_tensor(x.shape(), 6));
    std::vector<std::vector<float>> results = {x.values()};
    for (const Tensor& t : all) results.push_back(t.grad().values());
    return results;
  };
  EXPECT_EQ(step(false), step(true));
}

// Two heads on one body, a shared filter and a penalty: parameters with one use and with several.
struct SharedNet {
  SharedNet() {
    for (std::uint64_t i = 0; i < 4; ++i) {
      parameters.push_back(
          {std::to_string(i), random_tensor({6, 6}, 50 + i).set_requires_grad(true)});
    }
  }
  Tensor loss(std::uint64_t step) {
    const Tensor &a = parameters[0].tensor, &b = parameters[1].tensor, &c = parameters[2].tensor;
    const Tensor x = relu(dense(random_tensor({3, 6}, step), a));
    const Tensor y = add(dense(dense(x, b), b), dense(x, c));
    return add(softmax_cross_entropy(y, test::random_labels(3, 6, step)), penalty(b, 0.1f, 0.2f));
  }
  std::vector<NamedTensor> parameters;  // the last has no part in the loss
};

TEST(Optimizer, MinimiseGivesTheBitsOfBackwardAndStep) {
  for (const char* name : {"sgd", "adam", "adamw"}) {
    SharedNet whole, early;
    OptimizerOptions options;
    options.name = name;
    const auto a = make_optimizer(whole.parameters, options);
    const auto b = make_optimizer(early.parameters, options);
    for (std::uint64_t step = 0; step < 5; ++step) {
      a->zero_grad();
      whole.loss(step).backward();
      a->step();
      b->minimise(early.loss(step));
      for (std::size_t i = 0; i < whole.parameters.size(); ++i) {
        EXPECT_EQ(whole.parameters[i].tensor.values(), early.parameters[i].tensor.values());
        EXPECT_FALSE(early.parameters[i].tensor.grad().defined());
      }
    }
    EXPECT_EQ(b->steps(), 5u);
  }
}

TEST(Optimizer, MinimiseHoldsFewGradientsAtOnce) {
  std::vector<NamedTensor> parameters;
  for (std::uint64_t i = 0; i < 10; ++i) {
    parameters.push_back({std::to_string(i), random_tensor({1000, 1000}, i, 0.01f)});
    parameters.back().tensor.set_requires_grad(true);
  }
  const auto sgd = make_optimizer(parameters, {.name = "sgd", .momentum = 0});
  Tensor x = random_tensor({1, 1000}, 20);
  for (const NamedTensor& p : parameters) x = dense(x, p.tensor);
  reset_peak_memory();
  const std::size_t before = memory_statistics().in_use;
  sgd->minimise(penalty(x, 0, 1));
  EXPECT_LE(memory_statistics().peak - before, 2 * size_class(4'000'000));
}

}  // namespace
}  // namespace hilum
