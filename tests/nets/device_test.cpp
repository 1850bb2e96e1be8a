// Whole networks on other devices than the CPU: logits, loss, every gradient and the running
// statistics, in training and in evaluation mode. `cnn` in short; HILUM_ALL_NETS=1 adds resnet18
// and densenet121, minutes on emu.
//
// What rounding does to a network is measured, with the oracle's loops: the device may be four
// times as far from the CPU's best rows as the reference rows in float32 are, and never further
// than 1e-4.
#include "kernels/device.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "engine/layers.h"
#include "kernels/dispatch.h"
#include "nets/net.h"
#include "tests/engine/helpers.h"
#include "tests/nets/golden_weights.h"

namespace hilum {
namespace {

constexpr const char* references =
    "conv2d=ref,dense=ref,batch_norm=ref,max_pool=ref,avg_pool=ref,global_avg_pool=ref,"
    "adaptive_avg_pool=ref,softmax_cross_entropy=ref";
constexpr std::size_t classes = 3, batch = 4;
// Images of which no window's two largest values are a rounding apart: there, gradients differ.
constexpr const char* draw = "l";

struct Request {
  std::string net;
  std::size_t side;
};

// Everything a training step or an evaluation with gradients says, by name.
std::vector<NamedTensor> answers(const Request& request, Device device, bool training) {
  const std::unique_ptr<Module> net = make_net(request.net, classes, 3, request.side);
  load_state_dict(*net, test::golden_weights(*net), "golden weights");
  net->to(device);
  net->train(training);
  const Shape shape = {batch, request.side, request.side, 3};
  const Tensor images = test::golden_draw(draw, shape, -2, 2).to(device);
  const Tensor logits = (*net)(images);
  const Tensor loss =
      softmax_cross_entropy(logits, test::random_labels(batch, classes, 1).to(device));
  loss.backward();
  std::vector<NamedTensor> all = {{"logits", logits}, {"loss", loss}};
  for (const NamedTensor& p : net->parameters()) {
    all.push_back({"gradient of " + p.name, p.tensor.grad()});
  }
  for (const NamedTensor& b : net->buffers()) all.push_back(b);
  for (NamedTensor& t : all) t.tensor = t.tensor.to(Device::cpu);
  return all;
}

double distance(const Tensor& a, const Tensor& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < b.count(); ++i) {
    const double expected = b.data()[i], d = a.data()[i] - expected;
    difference += d * d;
    size += expected * expected;
  }
  return std::sqrt(difference / size);
}

void expect_same(const Request& request, Device device, bool training) {
  const std::vector<NamedTensor> expected = answers(request, Device::cpu, training);
  const std::vector<NamedTensor> got = answers(request, device, training);
  const KernelScope scope(references);
  const std::vector<NamedTensor> reference = answers(request, Device::cpu, training);
  double rounding = 0, worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    rounding = std::max(rounding, distance(reference[i].tensor, expected[i].tensor));
  }
  const double bound = std::min(1e-4, 4 * rounding);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double off = distance(got[i].tensor, expected[i].tensor);
    worst = std::max(worst, off);
    EXPECT_LE(off, bound) << request.net << ": " << expected[i].name;
  }
  fmt::print("{} {}x{}, {}, {}: {} tensors, largest difference {:.1e}; reference rows {:.1e}\n",
             request.net, request.side, request.side, device_name(device),
             training ? "training" : "evaluation", expected.size(), worst, rounding);
}

class NetsOnDevices : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (const char* reason = why_missing(GetParam())) GTEST_SKIP() << reason;
  }
};
INSTANTIATE_TEST_SUITE_P(, NetsOnDevices, testing::Values(Device::emu, Device::cuda),
                         [](const auto& info) { return device_name(info.param); });

TEST_P(NetsOnDevices, SayWhatTheySayOnTheCpu) {
  std::vector<Request> requests = {{"cnn", 32}};
  if (std::getenv("HILUM_ALL_NETS") != nullptr || GetParam() == Device::cuda) {
    requests.insert(requests.end(), {{"resnet18", 64}, {"densenet121", 64}});
  }
  for (const Request& request : requests) {
    expect_same(request, GetParam(), true);
    expect_same(request, GetParam(), false);
  }
}

}  // namespace
}  // namespace hilum
