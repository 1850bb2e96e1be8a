// Optimisers against the recurrences of their papers in double, schedules against worked examples.
#include "engine/optimizer.h"

#include <gtest/gtest.h>

#include "engine/layers.h"
#include "kernels/error.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_tensor;

constexpr std::size_t count = 37;
constexpr int steps = 8;

// One parameter under `options` for some steps with known gradients; the recurrence runs beside it.
template <class Step>
void expect_recurrence(const OptimizerOptions& options, Step step) {
  Tensor w = random_tensor({count}, 1).set_requires_grad(true);
  std::vector<double> expected(count), m(count), v(count);
  for (std::size_t i = 0; i < count; ++i) expected[i] = w.data()[i];
  const auto optimizer = make_optimizer({{"w", w}}, options);
  for (int t = 1; t <= steps; ++t) {
    const Tensor g = random_tensor({count}, 10 + static_cast<std::uint64_t>(t));
    w.set_grad(g);
    optimizer->step();
    for (std::size_t i = 0; i < count; ++i) step(t, g.data()[i], expected[i], m[i], v[i]);
  }
  EXPECT_EQ(optimizer->steps(), static_cast<std::uint64_t>(steps));
  for (std::size_t i = 0; i < count; ++i) EXPECT_NEAR(w.data()[i], expected[i], 2e-6) << i;
}

TEST(Optimizer, SgdWithMomentumAndDecay) {
  for (const bool nesterov : {false, true}) {
    OptimizerOptions o{.name = "sgd", .lr = 0.05, .momentum = 0.8, .nesterov = nesterov};
    o.weight_decay = 0.1;
    expect_recurrence(o, [&](int, double g, double& w, double& velocity, double&) {
      g += 0.1 * w;
      velocity = 0.8 * velocity + g;
      w -= 0.05 * (nesterov ? g + 0.8 * velocity : velocity);
    });
  }
}

TEST(Optimizer, GroupsHaveRatesOfTheirOwn) {
  Tensor body = Tensor::full({2}, 1).set_requires_grad(true);
  Tensor head = Tensor::full({2}, 1).set_requires_grad(true);
  const OptimizerOptions o{.name = "sgd", .lr = 0.5, .momentum = 0};
  const auto optimizer = make_optimizer({{"body.w", body}, {"fc.w", head}}, o);
  optimizer->set_lr_factors([](const std::string& name) { return name == "fc.w" ? 1 : 0.25; });
  body.set_grad(Tensor::full({2}, 1));
  head.set_grad(Tensor::full({2}, 1));
  optimizer->step();
  EXPECT_EQ(body.data()[0], 1 - 0.25f * 0.5f);
  EXPECT_EQ(head.data()[0], 0.5f);
}

TEST(Optimizer, PlainSgdHasNoState) {
  const OptimizerOptions o{.name = "sgd", .lr = 0.5, .momentum = 0};
  expect_recurrence(o, [](int, double g, double& w, double&, double&) { w -= 0.5 * g; });
  Tensor w = Tensor::zeros({2}).set_requires_grad(true);
  EXPECT_TRUE(make_optimizer({{"w", w}}, o)->state().empty());
}

void adam(bool decoupled) {
  OptimizerOptions o{.name = decoupled ? "adamw" : "adam", .lr = 0.02};
  o.weight_decay = 0.3;
  expect_recurrence(o, [&](int t, double g, double& w, double& m, double& v) {
    if (decoupled) {
      w -= 0.02 * 0.3 * w;
    } else {
      g += 0.3 * w;
    }
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    w -= 0.02 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
  });
}
TEST(Optimizer, Adam) { adam(false); }
TEST(Optimizer, AdamW) { adam(true); }

TEST(Optimizer, FrozenAndUntouchedParametersStay) {
  Linear layer(3, 2);
  Linear frozen(3, 2);
  frozen.freeze();
  std::vector<NamedTensor> all = layer.parameters();
  for (const NamedTensor& p : frozen.parameters()) all.push_back({"frozen." + p.name, p.tensor});
  const auto optimizer = make_optimizer(all, {});
  EXPECT_EQ(optimizer->state().size(), 4u) << "moments of a frozen parameter";
  Tensor weight = layer.parameter("weight"), still = frozen.parameter("weight");
  weight.set_grad(Tensor::full({2, 3}, 1));
  still.set_grad(Tensor::full({2, 3}, 1));
  optimizer->step();  // the bias has no gradient
  EXPECT_NE(weight.data()[0], 0);
  EXPECT_EQ(layer.parameter("bias").data()[0], 0);
  EXPECT_EQ(still.data()[0], 0);
  optimizer->zero_grad();
  EXPECT_FALSE(weight.grad().defined());
  frozen.freeze(false);
  still.set_grad(Tensor::full({2, 3}, 1));
  optimizer->step();
  EXPECT_NE(still.data()[0], 0);
}

TEST(Optimizer, StateRestoresTheRun) {
  auto run = [](bool interrupted) {
    Tensor w = random_tensor({count}, 1).set_requires_grad(true);
    auto optimizer = make_optimizer({{"layer.w", w}}, {.lr = 0.01});
    for (std::uint64_t t = 0; t < steps; ++t) {
      if (interrupted && t == 3) {
        const auto saved = optimizer->state();
        EXPECT_EQ(saved[0].name, "m.layer.w");
        EXPECT_EQ(saved[1].name, "v.layer.w");
        const std::uint64_t done = optimizer->steps();
        auto fresh = make_optimizer({{"layer.w", w}}, {.lr = 0.01});
        auto state = fresh->state();
        for (std::size_t i = 0; i < state.size(); ++i) {
          std::copy_n(saved[i].tensor.data(), count, state[i].tensor.data());
        }
        fresh->set_steps(done);
        optimizer = std::move(fresh);
      }
      w.set_grad(random_tensor({count}, 20 + t));
      optimizer->step();
    }
    return w.values();
  };
  EXPECT_EQ(run(true), run(false));
}

TEST(Optimizer, OptionsOutOfRangeAreUsageErrors) {
  for (const OptimizerOptions& o :
       {OptimizerOptions{.name = "rmsprop"}, OptimizerOptions{.lr = -1},
        OptimizerOptions{.lr = std::nan("")}, OptimizerOptions{.momentum = 1},
        OptimizerOptions{.beta1 = 1}, OptimizerOptions{.beta2 = -0.1},
        OptimizerOptions{.epsilon = 0}, OptimizerOptions{.weight_decay = -1}}) {
    EXPECT_THROW(make_optimizer({}, o), Error);
  }
}

TEST(Schedule, PlateauAsKerasMeansIt) {
  Plateau plateau{.patience = 2, .factor = 0.5, .min_delta = 0.1, .min_lr = 0.2};
  EXPECT_EQ(plateau.next(1, 5), 1);
  EXPECT_EQ(plateau.next(1, 4.95), 1);  // better by less than min_delta: waited 1
  EXPECT_EQ(plateau.next(1, 4), 1);     // an improvement starts the count again
  EXPECT_EQ(plateau.next(1, 4), 1);
  EXPECT_EQ(plateau.next(1, 4), 0.5);
  EXPECT_EQ(plateau.next(0.5, 4), 0.5);
  EXPECT_EQ(plateau.next(0.5, std::nan("")), 0.25);
  EXPECT_EQ(plateau.next(0.25, 9), 0.25);
  EXPECT_EQ(plateau.next(0.25, 9), 0.2);  // not below min_lr
}

TEST(Schedule, Cosine) {
  EXPECT_DOUBLE_EQ(cosine_lr(2, 0, 100, 4), 0.5);
  EXPECT_DOUBLE_EQ(cosine_lr(2, 3, 100, 4), 2);
  EXPECT_DOUBLE_EQ(cosine_lr(2, 4, 100, 4), 2);
  EXPECT_NEAR(cosine_lr(2, 52, 100, 4), 1, 1e-12);
  EXPECT_NEAR(cosine_lr(2, 52, 100, 4, 0.1), 1.1, 1e-12);
  EXPECT_DOUBLE_EQ(cosine_lr(2, 100, 100, 4, 0.1), 0.2);
  EXPECT_DOUBLE_EQ(cosine_lr(2, 1000, 100), 0);
}

}  // namespace
}  // namespace hilum
