// What `hilum summary` says a training step takes, against what the system says the process took.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/init.h"
#include "engine/ops.h"
#include "engine/optimizer.h"
#include "nets/net.h"
#include "nets/summary.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

// A field of /proc/self/status, in bytes.
double status(const std::string& field) {
  std::ifstream file("/proc/self/status");
  std::string word;
  double kib = 0;
  while (file >> word) {
    if (word == field) file >> kib;
  }
  return 1024 * kib;
}

bool reset_peak_of_process() {
  std::ofstream file("/proc/self/clear_refs");
  file << 5 << std::flush;
  return file.good();
}

struct Step {
  const char* net;
  std::size_t size, batch;
};
constexpr Step steps[] = {{"cnn", 128, 24}, {"resnet18", 128, 12}, {"densenet121", 96, 6}};

void expect_what_is_taken(const Step& step) {
  if (!reset_peak_of_process()) GTEST_SKIP() << "/proc/self/clear_refs cannot be written here";
  const double before = status("VmRSS:");
  const auto net = make_net(step.net, 3, 3, step.size);
  const auto predicted = static_cast<double>(training_peak(*net, 3, step.size, step.batch).bytes);
  initialise(*net, 1);
  const auto adam = make_optimizer(net->parameters(), {});
  const Tensor x = test::random_tensor({step.batch, step.size, step.size, 3}, 1);
  const Tensor labels = test::random_labels(step.batch, 3, 2);
  for (int i = 0; i < 2; ++i) adam->minimise(softmax_cross_entropy((*net)(x), labels));
  const double taken = status("VmHWM:") - before;
  EXPECT_NEAR(predicted, taken, 0.1 * taken) << step.net;
}

// Each network in a process of its own: what other tests have left behind (workspaces, kept blocks)
// would be in use already.
TEST(Summary, PredictsWhatTheProcessTakes) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer takes memory of its own";
#endif
  if (const char* wanted = std::getenv("HILUM_TEST_MEMORY_OF")) {
    for (const Step& step : steps) {
      if (std::string(step.net) == wanted) expect_what_is_taken(step);
    }
    return;
  }
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  for (const Step& step : steps) {
    const std::string command = fmt::format(
        "HILUM_TEST_MEMORY_OF={} '{}' --gtest_brief=1 "
        "--gtest_filter=Summary.PredictsWhatTheProcessTakes",
        step.net, program);
    EXPECT_EQ(std::system(command.c_str()), 0) << step.net;
  }
}

}  // namespace
}  // namespace hilum
