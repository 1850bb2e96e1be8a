// Tensors, tape, modules and optimisers on devices other than the CPU: emu where it is in the
// build, cuda where there is a GPU. The CPU's result is the expected one.
#include "kernels/device.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/init.h"
#include "engine/layers.h"
#include "engine/ops.h"
#include "engine/optimizer.h"
#include "engine/safetensors.h"
#include "kernels/error.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_tensor;

class OnDevices : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (const char* reason = why_missing(GetParam())) GTEST_SKIP() << reason;
  }
  Device device() const { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(, OnDevices, testing::Values(Device::emu, Device::cuda),
                         [](const auto& info) { return device_name(info.param); });

// Sums are taken in another order: a few roundings of the largest value.
void expect_close(const Tensor& got, const Tensor& expected, const std::string& what) {
  const std::vector<float> a = got.values(), b = expected.values();
  ASSERT_EQ(a.size(), b.size()) << what;
  float largest = 0;
  for (float v : b) largest = std::max(largest, std::fabs(v));
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_NEAR(a[i], b[i], 16 * 0x1p-23f * largest) << what << "[" << i << "]";
  }
}

TEST_P(OnDevices, ValuesComeAndGo) {
  const Tensor x = random_tensor({3, 5}, 1);
  const Tensor there = x.to(device());
  EXPECT_EQ(there.device(), device());
  EXPECT_EQ(there.values(), x.values());
  EXPECT_EQ(there.clone().values(), x.values());
  EXPECT_EQ(there.to(Device::cpu).values(), x.values());
  EXPECT_EQ(there.reshape({15}).values(), x.values());
  EXPECT_EQ(Tensor::full({}, 2.5f, device()).item(), 2.5f);
  EXPECT_EQ(Tensor::zeros({4}, device()).values(), std::vector<float>(4));
  Tensor other = Tensor::empty({3, 5}, device());
  other.copy_from(x);
  EXPECT_EQ(other.values(), x.values());
  EXPECT_THROW(other.copy_from(Tensor::zeros({15})), Error);
  const std::vector<std::int32_t> labels = {3, 1, 2};
  const Tensor back = Tensor::from(labels, {3}).to(device()).to(Device::cpu);
  EXPECT_EQ(std::vector<std::int32_t>(back.labels(), back.labels() + 3), labels);
  EXPECT_THROW(add(x, there), Error);  // operands on two devices
}

// Forward and backward of f, on the CPU and on the device.
void expect_same(Device device, const std::vector<Tensor>& inputs,
                 const std::function<Tensor(const std::vector<Tensor>&)>& f) {
  std::vector<Tensor> results[2];
  for (Device here : {Device::cpu, device}) {
    std::vector<Tensor> own;
    for (const Tensor& x : inputs) own.push_back(x.to(here).clone().set_requires_grad(true));
    const Tensor y = f(own);
    y.backward(random_tensor(y.shape(), 99).to(here));
    std::vector<Tensor>& result = results[here == device];
    result.push_back(y);
    for (const Tensor& x : own) result.push_back(x.grad());
  }
  for (std::size_t i = 0; i < results[0].size(); ++i) {
    expect_close(results[1][i], results[0][i], i == 0 ? "y" : "gradient " + std::to_string(i));
  }
}

TEST_P(OnDevices, ElementwiseOperations) {
  const Tensor x = random_tensor({2, 5, 7, 9}, 1), b = random_tensor({9}, 2);
  const Tensor z = random_tensor({2, 5, 7, 4}, 3);
  expect_same(device(), {x, b}, [](auto& t) { return relu(bias(t[0], t[1])); });
  expect_same(device(), {x}, [](auto& t) { return add(sigmoid(t[0]), t[0]); });
  expect_same(device(), {x, z}, [](auto& t) { return concat({t[0], t[1], t[0]}); });
  expect_same(device(), {x}, [](auto& t) { return flatten(t[0]); });
  expect_same(device(), {x}, [](auto& t) { return global_avg_pool(t[0]); });
  expect_same(device(), {x}, [](auto& t) { return penalty(t[0], 0.01f, 0.02f); });
  expect_close(softmax(random_tensor({5, 7}, 4).to(device())), softmax(random_tensor({5, 7}, 4)),
               "softmax");
}

TEST_P(OnDevices, ModulesAndOptimisersKeepTheirState) {
  Linear net(7, 5), again(7, 5);
  initialise(net, 1);
  const std::vector<float> drawn = net.parameter("weight").values();
  net.to(device());
  EXPECT_EQ(net.parameter("weight").device(), device());
  initialise(net, 1);  // the same numbers wherever it lies
  EXPECT_EQ(net.parameter("weight").values(), drawn);

  OptimizerOptions options;
  options.name = "sgd";
  options.lr = 0.1;
  auto optimizer = make_optimizer(net.parameters(), options);
  Tensor weight = net.parameter("weight");
  penalty(weight, 0, 0.5f).backward();  // gradient w, so velocity w and step 0.9 w
  optimizer->step();
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    ASSERT_NEAR(weight.values()[i], 0.9f * drawn[i], 1e-6f);
  }
  for (const NamedTensor& moment : optimizer->state()) {
    EXPECT_EQ(moment.tensor.device(), device());
  }
  load_state_dict(again, state_dict(net), "the other one");
  EXPECT_EQ(again.parameter("weight").values(), weight.values());
  again.to(device());
  load_state_dict(again, state_dict(net), "the other one");
  EXPECT_EQ(again.parameter("weight").values(), weight.values());
}

TEST(Devices, MissingOnesSayWhy) {
  for (Device device : {Device::cuda, Device::emu}) {
    const char* reason = why_missing(device);
    if (reason == nullptr) continue;
    try {
      Tensor::empty({1}, device);
      ADD_FAILURE() << device_name(device);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::device);
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace hilum
