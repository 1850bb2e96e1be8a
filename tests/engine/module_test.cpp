// Modules: names, modes, freezing, dropout streams, initialisers, regularisers, listeners.
#include <gtest/gtest.h>

#include <map>

#include "engine/file.h"
#include "engine/init.h"
#include "engine/json.h"
#include "engine/layers.h"
#include "engine/profiler.h"
#include "engine/random.h"
#include "engine/scope.h"
#include "kernels/error.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_tensor;

std::unique_ptr<Sequential> small_net() {
  auto net = std::make_unique<Sequential>();
  auto& features = net->emplace<Sequential>("features");
  features.append<Conv2d>(3, 4, 3, same_padding(3), false);
  features.append<BatchNorm2d>(4);
  features.append<ReLU>();
  features.append<MaxPool2d>(2);
  auto& classifier = net->emplace<Sequential>("classifier");
  classifier.append<Flatten>();
  classifier.append<Dropout>(0.5f);
  classifier.append<Linear>(16, 2);
  initialise(*net, 1);
  return net;
}

std::vector<std::string> names(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> all;
  for (const NamedTensor& t : tensors) all.push_back(t.name);
  return all;
}

TEST(Module, NamesCountsAndPaths) {
  const auto net = small_net();
  EXPECT_EQ(names(net->parameters()),
            (std::vector<std::string>{"features.0.weight", "features.1.weight", "features.1.bias",
                                      "classifier.2.weight", "classifier.2.bias"}));
  EXPECT_EQ(names(net->buffers()),
            (std::vector<std::string>{"features.1.running_mean", "features.1.running_var"}));
  EXPECT_EQ(net->parameter_count(), 4 * 9 * 3 + 8 + 34u);
  EXPECT_EQ(net->find("classifier.2").kind(), "Linear");
  EXPECT_EQ(net->find("classifier.2").describe(), "16 -> 2");
  EXPECT_EQ(net->find("features.0").describe(), "3x3, 3 -> 4, pad 1");
  try {
    net->find("features.9");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("classifier.1"), std::string::npos) << error.what();
  }
  EXPECT_THROW(Conv2d(4, 6, 3, same_padding(3, 1, 0)), Error);
  EXPECT_THROW(Conv2d(4, 6, 3, same_padding(3, 1, 4)), Error);
  EXPECT_THROW(Dropout(1.0f), Error);
}

TEST(Module, ListenersHearEveryLayerUnderItsPath) {
  const auto net = small_net();
  std::vector<std::string> heard;
  {
    const ListenToLayers listen(
        [&](const std::string& path, const Module& m, const Tensor& x, const Tensor& y) {
          heard.push_back(path + ":" + m.kind());
          EXPECT_TRUE(x.defined() && y.defined());
          EXPECT_EQ(path, module_path());
        });
    (*net)(random_tensor({2, 4, 4, 3}, 1));
  }
  EXPECT_EQ(heard, (std::vector<std::string>{"features.0:Conv2d", "features.1:BatchNorm2d",
                                             "features.2:ReLU", "features.3:MaxPool2d",
                                             "features:Sequential", "classifier.0:Flatten",
                                             "classifier.1:Dropout", "classifier.2:Linear",
                                             "classifier:Sequential", ":Sequential"}));
  heard.clear();
  (*net)(random_tensor({2, 4, 4, 3}, 1));
  EXPECT_TRUE(heard.empty());
  EXPECT_EQ(module_path(), "");
}

TEST(Module, FreezeStopsGradientsAndStatistics) {
  const auto net = small_net();
  net->find("features").freeze();
  EXPECT_EQ(net->trainable_count(), 34u);
  EXPECT_TRUE(net->find("features.1").frozen());
  EXPECT_FALSE(net->find("classifier").frozen());
  const Tensor x = random_tensor({4, 4, 4, 3}, 1), labels = test::random_labels(4, 2, 1);
  const Tensor mean = net->buffers()[0].tensor;
  softmax_cross_entropy((*net)(x), labels).backward();
  EXPECT_EQ(mean.values(), std::vector<float>(4, 0)) << "a frozen batch norm moved its mean";
  for (const NamedTensor& p : net->parameters()) {
    EXPECT_EQ(p.tensor.grad().defined(), p.name.starts_with("classifier")) << p.name;
  }
  net->freeze(false);
  softmax_cross_entropy((*net)(x), labels).backward();
  EXPECT_NE(mean.values(), std::vector<float>(4, 0));
  EXPECT_TRUE(net->parameters()[0].tensor.grad().defined());
}

TEST(Module, EvaluationIsDeterministicAndTouchesNothing) {
  const auto net = small_net();
  net->train(false);
  const Tensor x = random_tensor({4, 4, 4, 3}, 1);
  const std::vector<float> first = (*net)(x).values();
  set_dropout_state(5, 6);
  EXPECT_EQ((*net)(x).values(), first);
  EXPECT_EQ(net->buffers()[0].tensor.values(), std::vector<float>(4, 0));
  EXPECT_EQ((*net)(random_tensor({1, 4, 4, 3}, 1)).shape(), (Shape{1, 2}));
}

TEST(Module, DropoutDependsOnSeedStepAndPathAlone) {
  Sequential net;
  net.append<Dropout>(0.5f);
  auto mask = [](Module& module, std::uint64_t seed, std::uint64_t step) {
    set_dropout_state(seed, step);
    return module(Tensor::full({1000}, 1)).values();
  };
  const std::vector<float> base = mask(net, 1, 2);
  EXPECT_EQ(mask(net, 1, 2), base);
  EXPECT_NE(mask(net, 2, 2), base);
  EXPECT_NE(mask(net, 1, 3), base);
  // Another path, another mask; the same path in another net, the same.
  Sequential two;
  two.append<Flatten>();
  two.append<Dropout>(0.5f);
  EXPECT_NE(mask(two.find("1"), 1, 2), base);
  Sequential same;
  same.append<Dropout>(0.5f);
  same.append<Sequential>();
  EXPECT_EQ(mask(same, 1, 2), base);
  const double kept = static_cast<double>(std::count(base.begin(), base.end(), 2.0f));
  EXPECT_NEAR(kept, 500, 60);
  EXPECT_EQ(std::count(base.begin(), base.end(), 0.0f) + kept, 1000);
}

// Mean and deviation of a parameter, and its largest value.
struct Moments {
  double mean = 0, deviation = 0, largest = 0;
  explicit Moments(const Tensor& t) {
    for (float v : t.values()) {
      mean += v;
      deviation += static_cast<double>(v) * v;
      largest = std::max(largest, std::fabs(static_cast<double>(v)));
    }
    mean /= static_cast<double>(t.count());
    deviation = std::sqrt(deviation / static_cast<double>(t.count()) - mean * mean);
  }
};

TEST(Init, Distributions) {
  Conv2d conv(64, 128, 3);
  Tensor w = conv.parameter("weight"), b = conv.parameter("bias");
  const double fan_in = 9 * 64, fan_out = 9 * 128;
  auto check = [&](Init init, double deviation, double bound) {
    conv.set_init(init);
    initialise(conv, 3);
    const Moments m(w);
    EXPECT_NEAR(m.deviation, deviation, 0.01 * deviation);
    EXPECT_NEAR(m.mean, 0, 4 * deviation / std::sqrt(static_cast<double>(w.count())));
    if (bound > 0) {
      EXPECT_LE(m.largest, bound);
      EXPECT_GE(m.largest, 0.999 * bound);
    }
  };
  const double glorot = std::sqrt(6 / (fan_in + fan_out)), torch = std::sqrt(1 / fan_in);
  check(Init::glorot_uniform, glorot / std::sqrt(3), glorot);
  EXPECT_EQ(Moments(b).largest, 0);
  check(Init::he_normal, std::sqrt(2 / fan_out), 0);
  EXPECT_EQ(Moments(b).largest, 0);
  check(Init::he_normal_in, std::sqrt(2 / fan_in), 0);
  check(Init::he_uniform, std::sqrt(2 / fan_in), std::sqrt(6 / fan_in));
  check(Init::small_normal, 0.01, 0);
  EXPECT_EQ(Moments(b).largest, 0);
  check(Init::torch_weight, torch / std::sqrt(3), torch);
  EXPECT_EQ(Moments(b).largest, 0);
  check(Init::torch_default, torch / std::sqrt(3), torch);
  EXPECT_GT(Moments(b).largest, 0.9 * torch);
  EXPECT_LE(Moments(b).largest, torch);
}

TEST(Init, DependsOnSeedAndNameAlone) {
  auto values = [](std::uint64_t seed, bool more) {
    Sequential net;
    if (more) net.emplace<Conv2d>("stem", 3, 3, 3);
    net.emplace<Linear>("head", 10, 20);
    initialise(net, seed);
    return net.find("head").parameter("weight").values();
  };
  EXPECT_EQ(values(1, false), values(1, true));
  EXPECT_NE(values(1, false), values(2, false));
}

TEST(Init, BatchNormStartsAsTheIdentity) {
  BatchNorm2d norm(3);
  norm.buffers()[1].tensor.data()[0] = 5;
  initialise(norm, 1);
  EXPECT_EQ(norm.parameter("weight").values(), std::vector<float>(3, 1));
  EXPECT_EQ(norm.parameter("bias").values(), std::vector<float>(3, 0));
  EXPECT_EQ(norm.buffers()[0].tensor.values(), std::vector<float>(3, 0));
  EXPECT_EQ(norm.buffers()[1].tensor.values(), std::vector<float>(3, 1));
}

TEST(Regulariser, IsPartOfTheLossAndOfTheGradient) {
  Sequential net;
  auto& first = net.append<Linear>(2, 1);
  auto& second = net.append<Linear>(1, 2);
  EXPECT_FALSE(net.penalties().defined());
  first.set_regulariser(0.5f, 0.25f);
  second.set_regulariser(0, 1);
  Tensor w = first.parameter("weight"), v = second.parameter("weight");
  w.data()[0] = -2;
  w.data()[1] = 4;
  v.data()[0] = 3;
  const Tensor sum = net.penalties();
  EXPECT_FLOAT_EQ(sum.item(), 0.5f * 6 + 0.25f * 20 + 9);
  sum.backward();
  EXPECT_EQ(w.grad().values(), (std::vector<float>{-0.5f - 1, 0.5f + 2}));
  EXPECT_EQ(v.grad().values(), (std::vector<float>{6, 0}));
  first.freeze();
  EXPECT_FLOAT_EQ(net.penalties().item(), 9);
  ReLU relu;
  EXPECT_THROW(relu.set_regulariser(1, 1), Error);
}

TEST(Profiler, LinesByLayerAndPass) {
  const test::TemporaryFolder folder;
  const auto net = small_net();
  const Profiler profiler;
  EXPECT_THROW(Profiler(), Error);
  for (int step = 0; step < 3; ++step) {
    softmax_cross_entropy((*net)(random_tensor({4, 4, 4, 3}, 1)), test::random_labels(4, 2, 1))
        .backward();
  }
  std::map<std::string, Profiler::Line> lines;
  for (const Profiler::Line& l : profiler.lines()) lines[l.layer + " " + l.op + "." + l.pass] = l;
  for (const char* name : {"features.0 conv2d.forward", "features.0 conv2d.backward_weight",
                           "features.1 batch_norm_fused.backward", "features.3 max_pool.backward",
                           "classifier.2 dense.backward_data", " softmax_cross_entropy.forward"}) {
    ASSERT_TRUE(lines.contains(name)) << name;
    EXPECT_EQ(lines[name].calls, 3u);
    EXPECT_GT(lines[name].seconds, 0);
  }
  EXPECT_FALSE(lines.contains("features.0 conv2d.backward_data")) << "nobody wants it";
  EXPECT_EQ(lines["features.0 conv2d.forward"].flop, 3 * 2.0 * 4 * 16 * 4 * 27);
  EXPECT_NE(profiler.table().find("features.0"), std::string::npos);
  profiler.write_csv(folder / "p.csv");
  const std::string csv = read_file(folder / "p.csv");
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')), lines.size() + 1);
  profiler.write_chrome_trace(folder / "p.json");
  const auto trace = parse_json(read_file(folder / "p.json"));
  EXPECT_GE(trace["traceEvents"].size(), 3 * lines.size());
  EXPECT_EQ(trace["traceEvents"][0]["ph"], "X");
}

}  // namespace
}  // namespace hilum
