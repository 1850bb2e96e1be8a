// Networks against what PyTorch and torchvision say about them (torchvision/oracle.py, in double):
// logits, loss, the gradient of every parameter, running statistics after a training step, the
// losses of ten Adam steps. The committed golden files are short: gradients by their norm and their
// projection on random signs. HILUM_TORCHVISION names a folder with whole ones, made on the spot.
//
// The error of a tensor is |ours - theirs| / |theirs|, at most 1e-4. Some gradients are zero but
// for rounding (a batch norm's bias before another batch norm): there PyTorch's own float32 is off
// too, the files tell by how much, and four times that is allowed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "engine/layers.h"
#include "engine/optimizer.h"
#include "engine/safetensors.h"
#include "kernels/philox.h"
#include "nets/net.h"

namespace hilum {
namespace {

constexpr std::size_t classes = 7, batch = 8, side = 64, steps = 10;
const Philox golden_random{20};  // oracle.py's SEED

using Tensors = std::map<std::string, Tensor>;

Tensors by_name(const std::vector<NamedTensor>& list) {
  Tensors all;
  for (const NamedTensor& t : list) all[t.name] = t.tensor;
  return all;
}

// oracle.py's drawn(): uniform in [low, high).
Tensor drawn(const std::string& name, const Shape& shape, double low, double high) {
  const Philox random = golden_random.child(purpose(name));
  Tensor t = Tensor::empty(shape);
  for (std::size_t i = 0; i < t.count(); ++i) {
    t.data()[i] = static_cast<float>(low + (high - low) * random.uniform_float(i));
  }
  return t;
}

// oracle.py's value(), of a tensor in torchvision's layout.
Tensor value(const std::string& name, const Shape& s, bool of_batch_norm) {
  if (s.rank() > 1) {
    const double fan_in = static_cast<double>(s.count() / s[0]);
    const double bound = std::sqrt((s.rank() == 4 ? 6 : 3) / fan_in);
    return drawn(name, s, -bound, bound);
  }
  if (name.ends_with("running_var")) return drawn(name, s, 0.5, 1.5);
  if (name.ends_with("weight")) return drawn(name, s, 0.2, 0.4);
  if (!of_batch_norm || !name.ends_with("bias")) return drawn(name, s, -0.2, 0.2);
  Tensor bias = drawn(name, s, -0.6, 0.6);
  for (std::size_t i = 0; i < s.count(); ++i) bias.data()[i] += bias.data()[i] < 0 ? -0.6f : 0.6f;
  return bias;
}

class Comparison {
 public:
  Comparison(std::string name, const std::filesystem::path& folder) : name_(std::move(name)) {
    std::string file = name_;
    std::ranges::replace(file, ':', '_');
    expected_ = by_name(read_safetensors(folder / (file + ".safetensors")).tensors);
    net_ = make_net(name_, classes, 3, side);
    if (expected_.contains("images")) {
      const std::filesystem::path path = folder / (file + ".weights.safetensors");
      weights_ = read_safetensors(path).tensors;
      images_ = expected_["images"];
    } else {
      weights_ = state_dict(*net_);
      const Tensors names = by_name(weights_);
      for (NamedTensor& t : weights_) {
        const std::string parent = t.name.substr(0, t.name.rfind('.') + 1);
        t.tensor = value(t.name, t.tensor.shape(), names.contains(parent + "running_mean"));
      }
      images_ = drawn("images", {2, batch, side, side, 3}, -2, 2);
    }
    labels_ = Tensor::empty({batch}, Device::cpu, DType::i32);
    for (std::size_t i = 0; i < batch; ++i) labels_.labels()[i] = static_cast<int>(i % classes);
  }

  void run(bool training) {
    start(training);
    const std::string mode = training ? "train." : "eval.";
    const Tensor logits = (*net_)(batch_of(0));
    const Tensor loss = softmax_cross_entropy(logits, labels_);
    loss.backward();
    expect_close(mode + "logits", logits, expected_.at(mode + "logits"), 0);
    expect_close(mode + "loss", loss, expected_.at(mode + "loss"), 0);
    if (training) expect_kind("train.statistics", buffers());
    expect_kind(mode + "gradient", gradients());
  }

  void run_adam() {
    if (!expected_.contains("adam.losses")) return;
    start(true);
    const auto optimizer = make_optimizer(net_->parameters(), {.name = "adam", .lr = 1e-4});
    double worst = 0;
    for (std::size_t step = 0; step < steps; ++step) {
      optimizer->zero_grad();
      const Tensor loss = softmax_cross_entropy((*net_)(batch_of(step % 2)), labels_);
      const double theirs = expected_.at("adam.losses").data()[step];
      worst = std::max(worst, std::abs(loss.item() - theirs));
      EXPECT_NEAR(loss.item(), theirs, 1e-3) << name_ << ", step " << step;
      loss.backward();
      optimizer->step();
    }
    fmt::print("{}: ten steps of Adam, largest difference of a loss {:.1e}\n", name_, worst);
  }

 private:
  // Fresh weights; dropout off, as in oracle.py.
  void start(bool training) {
    load_state_dict(*net_, weights_, "golden weights");
    net_->train(training);
    net_->for_each([](const std::string&, Module& m) {
      if (dynamic_cast<Dropout*>(&m) != nullptr) m.train(false);
    });
    for (NamedTensor& p : net_->parameters()) p.tensor.clear_grad();
  }

  Tensor batch_of(std::size_t number) const {
    const std::size_t count = batch * side * side * 3;
    return Tensor::from({images_.data() + number * count, count}, {batch, side, side, 3});
  }

  // In torchvision's layout: the network's tensors are overwritten with what is to be told.
  std::vector<NamedTensor> gradients() {
    std::vector<NamedTensor> parameters = net_->parameters();
    for (NamedTensor& p : parameters) {
      const Tensor grad = p.tensor.grad();
      std::copy_n(grad.data(), grad.count(), p.tensor.data());
    }
    std::vector<NamedTensor> all = state_dict(*net_);
    all.resize(parameters.size());
    return all;
  }
  std::vector<NamedTensor> buffers() { return net_->buffers(); }

  void expect_close(const std::string& what, const Tensor& got, const Tensor& expected,
                    double own_error) {
    ASSERT_EQ(got.count(), expected.count()) << name_ << " " << what;
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < got.count(); ++i) {
      const double theirs = expected.data()[i], d = got.data()[i] - theirs;
      difference += d * d;
      size += theirs * theirs;
    }
    judge(what, std::sqrt(difference / size), own_error);
  }

  // Norm and projection; a projection on random signs is off by about the norm of the error.
  void expect_short(const std::string& what, const NamedTensor& got, const float* expected,
                    double own_error) {
    const Philox random = golden_random.child(purpose("signs " + got.name));
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
    worst_ = Worst{};
    const auto small = expected_.find(kind + ".short");
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double own = expected_.at("float32." + kind).data()[i];
      const std::string what = kind + "." + got[i].name;
      if (small != expected_.end()) {
        ASSERT_EQ(small->second.size(0), got.size()) << name_ << " " << kind;
        expect_short(what, got[i], small->second.data() + 2 * i, own);
      } else {
        ASSERT_TRUE(expected_.contains(what)) << name_ << " " << what;
        expect_close(what, got[i].tensor, expected_.at(what), own);
      }
    }
    if (got.empty()) return;
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
  std::vector<NamedTensor> weights_;
  std::unique_ptr<Module> net_;
  Tensor images_, labels_;
  Worst worst_;
};

std::filesystem::path folder() {
  const char* whole = std::getenv("HILUM_TORCHVISION");
  return whole != nullptr ? whole : HILUM_SOURCE_DIR "/tests/nets/torchvision";
}

std::vector<std::string> compared_nets() {
  std::vector<std::string> names;
  for (const std::string& name : net_names()) {
    std::string file = name + ".safetensors";
    std::ranges::replace(file, ':', '_');
    if (std::filesystem::exists(folder() / file)) names.push_back(name);
  }
  return names;
}

class Torchvision : public testing::TestWithParam<std::string> {};

TEST_P(Torchvision, SaysTheSame) {
  Comparison comparison(GetParam(), folder());
  comparison.run(false);
  comparison.run(true);
  comparison.run_adam();
}

INSTANTIATE_TEST_SUITE_P(Nets, Torchvision, testing::ValuesIn(compared_nets()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, ':', '_');
                           return name;
                         });

// The golden files are there: a test of nothing would pass.
TEST(TorchvisionGoldens, AreThere) { EXPECT_GE(compared_nets().size(), 1u); }

}  // namespace
}  // namespace hilum
