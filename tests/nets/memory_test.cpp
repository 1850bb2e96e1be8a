// What `hilum summary` says a training step takes, against what the system says the process took.
#include <gtest/gtest.h>
#include <malloc.h>

#include <fstream>

#include "engine/allocator.h"
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

TEST(Summary, PredictsWhatTheProcessTakes) {
  for (const auto& [name, size, batch] :
       {std::tuple("cnn", 128, 24), std::tuple("resnet18", 128, 12),
        std::tuple("densenet121", 96, 6)}) {
    const auto side = static_cast<std::size_t>(size), n = static_cast<std::size_t>(batch);
    release_kept_memory();
    ::malloc_trim(0);
    if (!reset_peak_of_process()) GTEST_SKIP() << "/proc/self/clear_refs cannot be written here";
    const double before = status("VmRSS:");
    const auto net = make_net(name, 3, 3, side);
    const auto predicted = static_cast<double>(training_peak(*net, 3, side, n).bytes);
    initialise(*net, 1);
    const auto adam = make_optimizer(net->parameters(), {});
    const Tensor x = test::random_tensor({n, side, side, 3}, 1);
    const Tensor labels = test::random_labels(n, 3, 2);
    for (int step = 0; step < 2; ++step) {
      adam->minimise(softmax_cross_entropy((*net)(x), labels));
    }
    const double taken = status("VmHWM:") - before;
    EXPECT_NEAR(predicted, taken, 0.1 * taken) << name;
  }
}

}  // namespace
}  // namespace hilum
