// summary, data and kernels from the command line.
#include <gtest/gtest.h>

#include "engine/json.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

TEST(Commands, SummaryCountsWhatIsThere) {
  const Outcome outcome = run({"summary", "--net", "cnn", "--classes", "3"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  // 3x3 convolutions 3 -> 32 -> 64 -> 128 -> 128, then 8192 -> 128 -> 3, with biases.
  EXPECT_NE(outcome.out.find("1,289,923"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("MFLOP"), std::string::npos);
}

TEST(Commands, PhantomStatsAndSplit) {
  Folder folder;
  const std::string set = (folder / "phantom").string();
  const Outcome made = run(
      {"data", "phantom", set, "--patients", "12", "--slices", "1", "--size", "48", "--seed", "3"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_NE(made.out.find("carcinoma"), std::string::npos) << made.out;
  const Outcome stats = run({"data", "stats", set, "--json"});
  ASSERT_EQ(stats.code, 0) << stats.err;
  EXPECT_EQ(parse_json(stats.out)["classes"].size(), 4u);
  EXPECT_NE(run({"data", "stats", set}).out.find("pneumonia"), std::string::npos);

  write_images(folder / "loose", "", 20);
  const std::string manifest = (folder / "manifest.csv").string();
  for (int i = 0; i < 2; ++i) {
    const Outcome split = run({"data", "split", (folder / "loose").string(), "--fractions",
                               "0.5/0.25/0.25", "--seed", "4", "--out", manifest});
    ASSERT_EQ(split.code, 0) << split.err;
    EXPECT_NE(split.out.find("train   20 images"), std::string::npos) << split.out;
  }
  const Outcome trained = run({"train", "--data", manifest, "--size", "32", "--epochs", "1",
                               "--out", (folder / "run").string()});
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(
      run({"data", "split", (folder / "loose").string(), "--fractions", "1/1", "--out", manifest})
          .code,
      2);
  EXPECT_EQ(run({"data", "stats", (folder / "none").string()}).code, 3);
  EXPECT_EQ(run({"data"}).code, 2);
}

TEST(Commands, KernelsListTellsWhatRunsHere) {
  const Outcome list = run({"kernels", "list"});
  ASSERT_EQ(list.code, 0) << list.err;
  EXPECT_NE(list.out.find("backward_weight"), std::string::npos) << list.out;
  EXPECT_NE(list.out.find("ref"), std::string::npos);
  const Outcome markdown = run({"kernels", "list", "--markdown"});
  EXPECT_TRUE(markdown.out.starts_with("| operation | pass |")) << markdown.out;
  const Outcome one = run({"kernels", "list", "conv2d.forward"});
  EXPECT_NE(one.out.find("does not run because it"), std::string::npos) << one.out;
  EXPECT_EQ(run({"kernels", "list", "conv9d"}).code, 2);
}

TEST(Commands, KernelsRunTimesAndChecks) {
  const Outcome checked = run({"kernels", "run", "conv2d", "--case", "3x3 same", "--check"});
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
  EXPECT_NE(checked.out.find("GFLOP/s"), std::string::npos);
  EXPECT_NE(checked.out.find("conv2d.backward_data"), std::string::npos);
  EXPECT_NE(checked.out.find("of roof"), std::string::npos);
  const Outcome cases = run({"kernels", "run", "relu.forward", "--cases"});
  EXPECT_EQ(cases.code, 0);
  EXPECT_NE(cases.out.find("7x7x5x3"), std::string::npos) << cases.out;
  EXPECT_EQ(run({"kernels", "run", "relu", "--case", "none"}).code, 2);
  EXPECT_EQ(run({"kernels", "run", "relu", "--row", "none"}).code, 2);
}

}  // namespace
}  // namespace hilum::test
