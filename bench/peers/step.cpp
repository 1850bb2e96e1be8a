// One peer of compare.py: runs steps of one of our networks when told to and says how long each
// took. Reads a line a command from standard input: "go" does one step and answers its seconds,
// "memory" answers the peak of the process in bytes. The other peers speak the same words.
//
//   hilum_step NET SIZE BATCH train|infer|export:FILE.onnx
//
// export writes the network for the peer that runs ONNX, and ends.
// Inference is a plan (engine/plan.h), as `hilum evaluate` runs it; a training step is what `hilum
// train` does with a batch: forward, cross-entropy, backward, Adam.
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "engine/init.h"
#include "engine/onnx.h"
#include "engine/ops.h"
#include "engine/optimizer.h"
#include "engine/plan.h"
#include "engine/random.h"
#include "nets/net.h"

namespace hilum {
namespace {

// Values that look like normalised pixels; which does not matter, only that they are not all equal.
Tensor images(std::size_t batch, std::size_t size) {
  std::vector<float> values(batch * size * size * 3);
  std::uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / (1 << 23) - 1;
  }
  return Tensor::from(values, {batch, size, size, 3});
}

std::size_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    std::size_t kib = 0;
    status >> kib;
    return kib * 1024;
  }
  return 0;
}

int serve(const std::string& name, std::size_t size, std::size_t batch, const std::string& mode) {
  constexpr std::size_t classes = 3;
  const bool train = mode == "train";
  const std::unique_ptr<Module> net = make_net(name, classes, 3, size);
  initialise(*net, 0);
  if (mode.starts_with("export:")) {
    write_onnx(mode.substr(7), *net, {1, size, size, 3}, {});
    return 0;
  }
  net->train(train);
  const Tensor x = images(batch, size);
  std::vector<std::int32_t> label(batch);
  for (std::size_t i = 0; i < batch; ++i) label[i] = static_cast<std::int32_t>(i % classes);
  const Tensor labels = Tensor::from(label, {batch});
  const std::unique_ptr<Optimizer> adam =
      train ? make_optimizer(net->parameters(), {.lr = 1e-4}) : nullptr;
  std::uint64_t step = 0;
  std::optional<Plan> plan;
  std::function<void()> once;
  if (train) {
    once = [&] {
      set_dropout_state(0, step++);
      const Tensor loss = softmax_cross_entropy((*net)(x), labels);
      adam->minimise(loss);
    };
  } else {
    plan.emplace(*net, x.shape());
    once = [&] { (*plan)(x); };
  }
  std::cout << "ready" << std::endl;
  std::string command;
  while (std::getline(std::cin, command)) {
    if (command == "memory") {
      std::cout << peak_bytes() << std::endl;
      continue;
    }
    const auto begin = std::chrono::steady_clock::now();
    once();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cout << fmt::format("{:.6f}", took.count()) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace hilum

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: hilum_step NET SIZE BATCH train|infer|export:FILE.onnx\n");
    return 2;
  }
  try {
    return hilum::serve(argv[1], std::stoul(argv[2]), std::stoul(argv[3]), argv[4]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
