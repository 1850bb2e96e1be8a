// `cnn` trained on a small phantom set with the hand-written CUDA rows: the losses are those of the
// CPU but for rounding.
//
// What rounding may do. A row is off by at most its tolerance x eps x sum of |terms| (rows_test.cpp
// holds every row to that). What such errors have become after so many steps is measured: the same
// training on the CPU with other rows, among them the reference's, whose tolerance of 64 is the
// largest of any. The largest distance of these curves, up to an epoch, is one draw of what the
// model allows; the device's rows have tolerances of 16 at most, and may be four times as far, as
// whole networks may in tests/nets/device_test.cpp, and four eps of the loss beside it, which are
// those of softmax_cross_entropy itself. Winograd's rows are left out: their rounding is ten times
// that of the others, and decides between equal values in max_pool's windows.
#include "kernels/device.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <sstream>

#include "tests/apps/program.h"

namespace hilum::test {
namespace {

constexpr const char* references =
    "conv2d=ref,dense=ref,max_pool=ref,bias=ref,softmax_cross_entropy=ref";
constexpr const char* simple = "conv2d=cpu1_im2col,dense=cpu1";

class TrainingOnDevices : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (const char* reason = why_missing(GetParam())) GTEST_SKIP() << reason;
    ASSERT_EQ(run({"data", "phantom", (folder_ / "set").string(), "--patients", "16", "--slices",
                   "2", "--size", "32", "--quiet"})
                  .code,
              0);
  }

  // Training and validation loss, epoch by epoch.
  std::vector<double> losses(const std::string& device, const std::string& kernels) {
    const fs::path out = folder_ / fmt::format("run{}", runs_++);
    const Outcome outcome =
        run({"train",    "--net",       "cnn",       "--data", (folder_ / "set").string(),
             "--size",   "32",          "--epochs",  "3",      "--batch-size",
             "8",        "--optimizer", "sgd",       "--lr",   "0.02",
             "--device", device,        "--kernels", kernels,  "--quiet",
             "--out",    out.string()});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::vector<double> all;
    std::istringstream lines(slurp(out / "history.csv"));
    std::string line;
    std::getline(lines, line);
    EXPECT_TRUE(line.starts_with("epoch,train_loss,train_accuracy,val_loss,")) << line;
    while (std::getline(lines, line)) {
      double epoch, train, accuracy, val;
      char comma;
      std::istringstream(line) >> epoch >> comma >> train >> comma >> accuracy >> comma >> val;
      all.insert(all.end(), {train, val});
    }
    EXPECT_EQ(all.size(), 6u);
    return all;
  }

  Folder folder_;
  int runs_ = 0;
};
INSTANTIATE_TEST_SUITE_P(, TrainingOnDevices, testing::Values(Device::emu, Device::cuda),
                         [](const auto& info) { return device_name(info.param); });

TEST_P(TrainingOnDevices, LosesWhatTheCpuLoses) {
  const std::string device = device_name(GetParam());
  const std::vector<double> expected = losses("cpu", "conv2d=cpu2_direct");
  const std::vector<double> got = losses(device, "conv2d=cuda4_implicit");
  const std::vector<double> others[] = {losses("cpu", references), losses("cpu", simple)};
  const std::vector<double> rough = losses(device, "conv2d=cuda4_implicit,dense=cuda4_tf32");
  EXPECT_LT(expected[4], expected[0] - 0.01) << "nothing was learnt";
  double rounding = 0, largest = 0;
  bool rough_is_seen = false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (const auto& other : others) {
      rounding = std::max(rounding, std::fabs(other[i] - expected[i]));
    }
    const double bound = 4 * (rounding + FLT_EPSILON * expected[i]);
    EXPECT_LE(std::fabs(got[i] - expected[i]), bound)
        << (i % 2 == 0 ? "training" : "validation") << " loss of epoch " << i / 2 + 1;
    largest = std::max(largest, std::fabs(got[i] - expected[i]));
    rough_is_seen = rough_is_seen || std::fabs(rough[i] - expected[i]) > bound;
  }
  EXPECT_TRUE(rough_is_seen) << "factors of 11 bits in the dense layers go unnoticed";
  fmt::print("cnn, 3 epochs on {}: losses {:.1e} from the CPU's at most; its other rows {:.1e}\n",
             device, largest, rounding);
}

}  // namespace
}  // namespace hilum::test
