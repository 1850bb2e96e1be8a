// Plans give what the networks give: networks of each kind at a small and odd size, batches of the
// size planned for and smaller, and the same bits for any number of threads.
#include "engine/plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/file.h"
#include "engine/init.h"
#include "engine/json.h"
#include "engine/layers.h"
#include "engine/tuning.h"
#include "kernels/dispatch.h"
#include "kernels/error.h"
#include "kernels/threads.h"
#include "nets/net.h"
#include "tests/engine/helpers.h"
#include "tests/nets/stir.h"

namespace hilum {
namespace {

// The largest difference of two sets of logits, over the largest logit.
double difference(const Tensor& got, const Tensor& expected) {
  const std::vector<float> a = got.values(), b = expected.values();
  double largest = 0, scale = 1e-30;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double off = std::fabs(static_cast<double>(a.at(i)) - b[i]);
    largest = off <= largest ? largest : off;  // NaN is larger
    scale = std::max(scale, std::fabs(static_cast<double>(b[i])));
  }
  return largest / scale;
}

std::size_t smallest_odd_size(const std::string& name) { return name.starts_with("cnn") ? 49 : 37; }

TEST(Plan, GivesWhatTheNetworkGives) {
  const std::size_t threads = thread_count();
  for (const char* name : {"cnn", "cnn:dropout", "resnet18", "resnet50:gap", "densenet121",
                           "squeezenet1_1", "efficientnet_lite0"}) {
    const std::size_t size = smallest_odd_size(name), channels = net_defaults(name).channels;
    const std::unique_ptr<Module> net = make_net(name, 3, channels, size);
    initialise(*net, 7);
    test::stir(*net);
    net->train(false);
    const Plan plan(*net, {3, size, size, channels});
    const NoGrad no_grad;
    for (const std::size_t n : {3, 1}) {
      const Tensor x = test::random_tensor({n, size, size, channels}, n);
      const Tensor y = plan(x);
      EXPECT_LT(difference(y, (*net)(x)), 3e-5) << name << " batch " << n;
      const std::size_t other = n == 3 ? 1 : 3;
      set_thread_count(other);
      EXPECT_EQ(plan(x).values(), y.values()) << name << " threads " << other;
      set_thread_count(threads);
    }
  }
}

// Every wiring that the networks have not: a value that two joint tensors want, joins of joins, a
// sum that is used twice, what goes in as a part, a ReLU behind a pool.
class Wiring : public Module {
 public:
  Wiring()
      : a_(make_child<Conv2d>("a", 3, 5, 3, same_padding(3))),
        b_(make_child<Conv2d>("b", 3, 5, 1, Conv2dOptions{}, false)),
        norm_(make_child<BatchNorm2d>("norm", 5)),
        c_(make_child<Conv2d>("c", 23, 4, 3, same_padding(3, 2))),
        head_(make_child<Linear>("head", 4, 2)) {}
  std::string kind() const override { return "Wiring"; }

 protected:
  Tensor compute(Tensor x) override {
    const Tensor a = a_(x), b = norm_(b_(x));
    const Tensor sum = add(a, b);
    const Tensor twice = add(relu(sum), sum);
    const Tensor inner = concat({a, twice});
    const Tensor joined = concat({x, inner, a, b});
    const Tensor pooled = relu(avg_pool(c_(joined), {}));
    return sigmoid(head_(global_avg_pool(add(pooled, pooled))));
  }

 private:
  Conv2d &a_, &b_;
  BatchNorm2d& norm_;
  Conv2d& c_;
  Linear& head_;
};

TEST(Plan, KeepsWhatIsReadAgain) {
  Wiring net;
  initialise(net, 3);
  test::stir(net);
  net.train(false);
  const NoGrad no_grad;
  const Tensor x = test::random_tensor({2, 11, 9, 3}, 5);
  EXPECT_LT(difference(Plan(net, x.shape())(x), net(x)), 1e-5);
}

// What a convolution writes begins in the middle of a pixel whose channels are whole fours.
class Misplaced : public Module {
 public:
  Misplaced()
      : a_(make_child<Conv2d>("a", 3, 8, 3, same_padding(3))),
        b_(make_child<Conv2d>("b", 3, 5, 1, Conv2dOptions{})) {}
  std::string kind() const override { return "Misplaced"; }

 protected:
  Tensor compute(Tensor x) override { return concat({x, relu(a_(x)), b_(x)}); }

 private:
  Conv2d &a_, &b_;
};

// Plans lie where the weights of their networks lie.
TEST(Plan, RunsOnTheDeviceOfItsWeights) {
  for (const Device device : {Device::emu, Device::cuda}) {
    if (const char* reason = why_missing(device)) {
      fmt::print("{}: {}\n", device_name(device), reason);
      continue;
    }
    for (const char* name : {"cnn", "efficientnet_lite0", "misplaced"}) {
      std::unique_ptr<Module> net = std::make_unique<Misplaced>();
      if (name != std::string("misplaced")) net = make_net(name, 3, 3, 33);
      initialise(*net, 7);
      test::stir(*net);
      net->train(false);
      const NoGrad no_grad;
      const Tensor x = test::random_tensor({2, 33, 33, 3}, 1);
      const Tensor expected = (*net)(x);
      net->to(device);
      const Plan plan(*net, {2, 33, 33, 3});
      EXPECT_LT(difference(plan(x.to(device)), expected), 3e-5) << name;
      EXPECT_THROW(plan(x), Error);
    }
  }
}

TEST(Plan, KeepsItsWeightsAndRefusesOtherSizes) {
  const std::unique_ptr<Module> net = make_net("cnn", 3, 3, 32);
  initialise(*net, 1);
  net->train(true);
  const Plan plan(*net, {2, 32, 32, 3});
  EXPECT_TRUE(net->training());
  const Tensor x = test::random_tensor({2, 32, 32, 3}, 2);
  const std::vector<float> before = plan(x).values();
  net->parameters()[0].tensor.data()[0] += 1;
  EXPECT_EQ(plan(x).values(), before);
  EXPECT_THROW(plan(test::random_tensor({3, 32, 32, 3}, 2)), Error);
  EXPECT_THROW(plan(test::random_tensor({2, 32, 31, 3}, 2)), Error);
}

TEST(Plan, IsNotAllowedWhereAnotherKernelWasAskedFor) {
  EXPECT_TRUE(plan_is_allowed());
  {
    const KernelScope scope("conv2d=cpu1_im2col");
    EXPECT_FALSE(plan_is_allowed());
  }
  const KernelScope scope("conv2d.inference=ref");
  EXPECT_TRUE(plan_is_allowed());
}

std::vector<std::string> rows_that_ran;  // of the convolutions of plans

// Logits by a new plan that is tuned with the file.
std::vector<float> tuned_logits(Module& net, const Tensor& x, const std::filesystem::path& file) {
  tune_with(file, "test");
  rows_that_ran.clear();
  const KernelObserver before = kernel_observer();
  set_kernel_observer([](const KernelEvent& event) {
    if (event.op == std::string_view("conv2d") && event.pass == std::string_view("inference"))
      rows_that_ran.push_back(event.row);
  });
  const std::vector<float> logits = Plan(net, x.shape())(x).values();
  set_kernel_observer(before);
  finish_tuning();
  return logits;
}

TEST(Plan, MeasuresItsConvolutionsAndBelievesTheFile) {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder / "choices.json";
  const std::unique_ptr<Module> net = make_net("resnet18", 3, 3, 37);
  initialise(*net, 7);
  net->train(false);
  const NoGrad no_grad;
  const Tensor x = test::random_tensor({2, 37, 37, 3}, 5);
  const std::vector<float> untuned = Plan(*net, x.shape())(x).values();
  const std::vector<float> first = tuned_logits(*net, x, file);
  const std::vector<std::string> chosen = rows_that_ran;
  EXPECT_EQ(chosen.size(), 20u) << "once each: what was measured is not told as work";
  EXPECT_LT(difference(Tensor::from(first, {2, 3}), Tensor::from(untuned, {2, 3})), 3e-5);

  auto all = parse_json(read_file(file));
  nlohmann::json& rows = all.begin().value();
  std::size_t measured = 0, several = 0, fused = 0;
  std::string dense;  // the classifier's row, which was measured too
  for (auto& [key, entry] : rows.items()) {
    if (key.starts_with("dense.forward cpu ")) dense = entry["row"].get<std::string>();
    if (!key.starts_with("conv2d.inference cpu ")) continue;
    ++measured;
    several += entry["milliseconds"].size() > 1 ? 1 : 0;
    fused += key.find("residual, relu") != std::string::npos ? 1 : 0;
    for (const auto& [row, took] : entry["milliseconds"].items()) {
      EXPECT_GE(took, entry["milliseconds"][entry["row"].get<std::string>()]) << key << row;
    }
    entry["row"] = "cpu2_direct";
  }
  EXPECT_GE(measured, 10u);
  EXPECT_GE(several, 4u) << "3x3 layers can be done by Winograd as well";
  EXPECT_GE(fused, 4u);

  // The same choices, the same bits; other choices in the file are taken, and nothing is measured.
  EXPECT_EQ(tuned_logits(*net, x, file), first);
  EXPECT_EQ(rows_that_ran, chosen);
  write_file_atomically(file, json_text(all));
  const std::vector<float> direct = tuned_logits(*net, x, file);
  EXPECT_EQ(rows_that_ran, std::vector<std::string>(20, "cpu2_direct"));
  EXPECT_EQ(read_file(file), json_text(all));
  const KernelScope scope("conv2d=cpu2_direct,dense.forward=" + dense);
  EXPECT_EQ(Plan(*net, x.shape())(x).values(), direct);
}

}  // namespace
}  // namespace hilum
