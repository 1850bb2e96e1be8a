// Networks against what PyTorch and torchvision say about them (torchvision/oracle.py, in double):
// logits, loss, the gradient of every parameter, running statistics after a training step, the
// losses of ten Adam steps. The committed golden files are short: gradients by their norm and their
// projection on random signs. Where HILUM_TORCHVISION names a folder with weights and images, whole
// answers are written there, for torchvision/judge.py.
//
// The error of a tensor is |ours - theirs| / |theirs|, at most 1e-4. Some gradients are zero but
// for rounding (a batch norm's bias before another batch norm): there PyTorch's own float32 is off
// too, the files tell by how much, and four times that is allowed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "engine/layers.h"
#include "engine/optimizer.h"
#include "engine/safetensors.h"
#include "nets/net.h"
#include "nets/pretrained.h"
#include "tests/nets/golden_weights.h"
#include "tests/nets/sides.h"

namespace hilum {
namespace {

constexpr std::size_t classes = 7, batch = 8, side = 64, steps = 10;
const std::set<std::string> trained = {"resnet18", "densenet121"};  // by Adam, as in oracle.py

using Tensors = std::map<std::string, Tensor>;

std::filesystem::path golden_file(std::string net) {
  std::ranges::replace(net, ':', '_');
  return HILUM_SOURCE_DIR "/tests/nets/torchvision/" + net + ".safetensors";
}

Tensors by_name(const std::vector<NamedTensor>& list) {
  Tensors all;
  for (const NamedTensor& t : list) all[t.name] = t.tensor;
  return all;
}

// A network that is asked, on two batches of images.
struct Asked {
  std::string name;
  std::vector<NamedTensor> weights;
  Tensor images;  // [2, batch, side, side, 3]
  std::unique_ptr<Module> net = make_net(name, classes, 3, side);

  // Fresh weights; dropout off, as in oracle.py.
  void start(bool training) {
    load_state_dict(*net, weights, "golden weights");
    net->train(training);
    net->for_each([](const std::string&, Module& m) {
      if (dynamic_cast<Dropout*>(&m) != nullptr) m.train(false);
    });
    for (NamedTensor& p : net->parameters()) p.tensor.clear_grad();
  }

  Tensor batch_of(std::size_t number) const {
    const std::size_t count = batch * side * side * 3;
    return Tensor::from({images.data() + number * count, count}, {batch, side, side, 3});
  }

  static Tensor labels() {
    Tensor labels = Tensor::empty({batch}, Device::cpu, DType::i32);
    for (std::size_t i = 0; i < batch; ++i) labels.labels()[i] = static_cast<int>(i % classes);
    return labels;
  }

  // Logits and loss of one step.
  std::array<Tensor, 2> step(bool training) {
    start(training);
    const Tensor logits = (*net)(batch_of(0));
    const Tensor loss = softmax_cross_entropy(logits, labels());
    loss.backward();
    return {logits, loss};
  }

  // In torchvision's layout: the network's tensors are overwritten with what is to be told.
  std::vector<NamedTensor> gradients() {
    std::vector<NamedTensor> parameters = net->parameters();
    for (NamedTensor& p : parameters) {
      const Tensor grad = p.tensor.grad();
      std::copy_n(grad.data(), grad.count(), p.tensor.data());
    }
    std::vector<NamedTensor> all = state_dict(*net);
    all.resize(parameters.size());
    return all;
  }

  std::vector<float> adam_losses() {
    start(true);
    const auto optimizer = make_optimizer(net->parameters(), {.name = "adam", .lr = 1e-4});
    std::vector<float> losses;
    for (std::size_t step = 0; step < steps; ++step) {
      optimizer->zero_grad();
      const Tensor loss = softmax_cross_entropy((*net)(batch_of(step % 2)), labels());
      losses.push_back(loss.item());
      loss.backward();
      optimizer->step();
    }
    return losses;
  }
};

class Comparison {
 public:
  explicit Comparison(const std::string& name) : name_(name), asked_{name, {}, {}} {
    expected_ = by_name(read_safetensors(golden_file(name)).tensors);
    asked_.weights = test::golden_weights(*asked_.net);
    asked_.images = test::golden_draw("images", {2, batch, side, side, 3}, -2, 2);
  }

  void run(bool training) {
    const std::string mode = training ? "train." : "eval.";
    const auto [logits, loss] = asked_.step(training);
    expect_close(mode + "logits", logits, expected_.at(mode + "logits"));
    expect_close(mode + "loss", loss, expected_.at(mode + "loss"));
    if (training) expect_kind("train.statistics", asked_.net->buffers());
    expect_kind(mode + "gradient", asked_.gradients());
  }

  void run_adam() {
    const auto theirs = expected_.find("adam.losses");
    if (theirs == expected_.end()) return;
    const std::vector<float> losses = asked_.adam_losses();
    double worst = 0;
    for (std::size_t step = 0; step < steps; ++step) {
      const double expected = theirs->second.data()[step];
      worst = std::max(worst, std::abs(losses[step] - expected));
      EXPECT_NEAR(losses[step], expected, 1e-3) << name_ << ", step " << step;
    }
    fmt::print("{}: ten steps of Adam, largest difference of a loss {:.1e}\n", name_, worst);
  }

 private:
  void expect_close(const std::string& what, const Tensor& got, const Tensor& expected) {
    ASSERT_EQ(got.count(), expected.count()) << name_ << " " << what;
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < got.count(); ++i) {
      const double theirs = expected.data()[i], d = got.data()[i] - theirs;
      difference += d * d;
      size += theirs * theirs;
    }
    judge(what, std::sqrt(difference / size), 0);
  }

  // Norm and projection; a projection on random signs is off by about the norm of the error.
  void expect_short(const std::string& what, const NamedTensor& got, const float* expected,
                    double own_error) {
    const Philox random = test::golden_random.child(purpose("signs " + got.name));
    double square = 0, projection = 0;
    for (std::size_t i = 0; i < got.tensor.count(); ++i) {
      const double value = got.tensor.data()[i];
      square += value * value;
      projection += random.uniform_float(i) < 0.5f ? -value : value;
    }
    const double off = std::max(std::abs(std::sqrt(square) - static_cast<double>(expected[0])),
                                std::abs(projection - static_cast<double>(expected[1])));
    judge(what, off / static_cast<double>(expected[0]), own_error);
  }

  void expect_kind(const std::string& kind, const std::vector<NamedTensor>& got) {
    if (got.empty()) return;
    worst_ = Worst{};
    const Tensor& small = expected_.at(kind + ".short");
    ASSERT_EQ(small.size(0), got.size()) << name_ << " " << kind;
    for (std::size_t i = 0; i < got.size(); ++i) {
      expect_short(kind + "." + got[i].name, got[i], small.data() + 2 * i,
                   expected_.at("float32." + kind).data()[i]);
    }
    fmt::print("{}: {}: {} tensors, largest error {:.1e} ({})", name_, kind, got.size(),
               worst_.error, worst_.what);
    if (worst_.excused > 0) fmt::print("; {} that are zero but for rounding", worst_.excused);
    fmt::print("\n");
  }

  void judge(const std::string& what, double error, double own_error) {
    const double bound = std::max(1e-4, 4 * own_error);
    EXPECT_LE(error, bound) << name_ << " " << what << "; PyTorch's float32: " << own_error;
    if (4 * own_error > 1e-4) {
      ++worst_.excused;
    } else if (error >= worst_.error) {
      worst_.error = error;
      worst_.what = what;
    }
  }

  struct Worst {
    double error = 0;
    std::string what;
    std::size_t excused = 0;
  };
  std::string name_;
  Tensors expected_;
  Asked asked_;
  Worst worst_;
};

std::vector<std::string> nets_where(const std::function<bool(const std::string&)>& wanted) {
  std::vector<std::string> names;
  std::ranges::copy_if(net_names(), std::back_inserter(names), wanted);
  return names;
}

std::vector<std::string> golden_nets() {
  return nets_where([](const std::string& name) { return exists(golden_file(name)); });
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, ':', '_');
  return name;
}

class Torchvision : public testing::TestWithParam<std::string> {};

TEST_P(Torchvision, SaysTheSame) {
  Comparison comparison(GetParam());
  comparison.run(false);
  comparison.run(true);
  comparison.run_adam();
}

INSTANTIATE_TEST_SUITE_P(Nets, Torchvision, testing::ValuesIn(golden_nets()), test_name);

// The golden files are there: a test of nothing would pass.
TEST(TorchvisionGoldens, AreThere) { EXPECT_GE(golden_nets().size(), 1u); }

// Both forms of the file hold the same weights; torchvision's .pth comes first.
std::vector<NamedTensor> weights_of(const std::string& name, const std::filesystem::path& folder) {
  std::vector<NamedTensor> weights;
  for (const char* form : {".weights.pth", ".weights.safetensors"}) {
    const std::unique_ptr<Module> net = make_net(name, classes, 3, side);
    const LoadReport report = load_pretrained(*net, name, folder / (name + form));
    EXPECT_EQ(report.count(LoadStatus::loaded), state_dict(*net).size()) << report.text();
    const std::vector<NamedTensor> got = state_dict(*net);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      EXPECT_EQ(got[i].tensor.values(), weights[i].tensor.values()) << got[i].name;
    }
    weights = got;
  }
  return weights;
}

void write_answers(const std::string& name, const std::filesystem::path& folder) {
  const Tensors images = by_name(read_safetensors(folder / (name + ".images.safetensors")).tensors);
  Asked asked{name, weights_of(name, folder), images.at("images")};
  for (const bool training : {false, true}) {
    const std::string mode = training ? "train" : "eval";
    std::vector<NamedTensor> all;
    {
      const test::SideKeeper keeper(all);
      const auto [logits, loss] = asked.step(training);
      all.push_back({mode + ".logits", logits});
      all.push_back({mode + ".loss", loss.reshape({1})});
    }
    if (training) {
      for (const NamedTensor& t : asked.net->buffers()) {
        all.push_back({"train.statistics." + t.name, t.tensor});
      }
    }
    for (const NamedTensor& t : asked.gradients()) {
      all.push_back({mode + ".gradient." + t.name, t.tensor});
    }
    write_safetensors(folder / (name + "." + mode + ".safetensors"), {all});
  }
  if (!trained.contains(name)) return;
  std::vector<NamedTensor> all;
  std::vector<float> losses;
  {
    const test::SideKeeper keeper(all);
    losses = asked.adam_losses();
  }
  all.push_back({"losses", Tensor::from(losses, {losses.size()})});
  write_safetensors(folder / (name + ".adam.safetensors"), {all});
}

std::filesystem::path asked_folder() {
  const char* folder = std::getenv("HILUM_TORCHVISION");
  return folder == nullptr ? "" : folder;
}

std::vector<std::string> asked_nets() {
  return nets_where([](const std::string& name) {
    return std::filesystem::exists(asked_folder() / (name + ".weights.pth"));
  });
}

class TorchvisionAnswers : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TorchvisionAnswers);  // where nobody asks
TEST_P(TorchvisionAnswers, AreWritten) { write_answers(GetParam(), asked_folder()); }
INSTANTIATE_TEST_SUITE_P(Nets, TorchvisionAnswers, testing::ValuesIn(asked_nets()), test_name);

}  // namespace
}  // namespace hilum
