// How fast images come, as the program tells it: the speed of each step, the time that a training
// waited for them, and what it says to raise.
#include <gtest/gtest.h>

#include "apps/trainer.h"
#include "data/csv.h"
#include "engine/json.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

TEST(Input, SpeedOfEachStep) {
  const Folder folder;
  const fs::path set = make_set(folder);
  const std::vector<std::string> words = {"data",       "speed", set.string(), "--size", "48",
                                          "--channels", "1",     "--seconds",  "0.02"};
  const Outcome table = run(words);
  ASSERT_EQ(table.code, 0) << table.err;
  for (const char* part : {"48 x 48 x 1", "a core", "1 worker", "24 images", "rotation=10"}) {
    EXPECT_NE(table.out.find(part), std::string::npos) << part << table.out;
  }
  std::vector<std::string> more = words;
  more.insert(more.end(), {"--json", "--workers", "2"});
  const Outcome outcome = run(more);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto speed = nlohmann::ordered_json::parse(outcome.out);
  std::vector<std::string> names;
  for (const auto& [name, value] : speed.items()) {
    names.push_back(name);
    EXPECT_GT(value.get<double>(), 0) << name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"decode", "decode and resize", "decoded: normalise",
                                             "decoded: augment and normalise",
                                             "loader, first epoch", "loader, later epochs"}));
  // A part of the work is quicker than all of it.
  EXPECT_GT(speed["decoded: normalise"], speed["decode and resize"]);
  EXPECT_EQ(run({"data", "speed", set.string(), "--augment", "spin=3"}).code, 2);
  EXPECT_EQ(run({"data", "speed", (folder / "none").string()}).code, 3);
}

TEST(Input, ATrainingTellsWhatItWaited) {
  const Folder folder;
  const Outcome outcome =
      run({"train", "--data", make_set(folder).string(), "--size", "32", "--batch-size", "8",
           "--epochs", "2", "--workers", "0", "--out", (folder / "run").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("% waiting"), std::string::npos) << outcome.err;
  const auto history = parse_csv(slurp(folder / "run" / "history.csv"), "history.csv");
  ASSERT_EQ(history.size(), 3u);
  ASSERT_EQ(history[0].fields.back(), "wait_seconds");
  for (std::size_t epoch = 1; epoch < 3; ++epoch) {
    const double waited = std::stod(history[epoch].fields.back());
    EXPECT_GT(waited, 0) << "no thread beside: all images are waited for";
    EXPECT_LT(waited, std::stod(history[epoch].fields[8]));
  }
}

TEST(Input, AdviceSaysWhatToRaise) {
  EpochRow row;
  row.seconds = 100;
  TrainOptions options;
  options.workers = 2;
  options.images = std::make_shared<ImageCache>(1024, 1, 0);
  row.wait_seconds = 1.9;
  EXPECT_EQ(input_advice(row, options, 0, 5000), "");
  // Two threads took 100 s for what the steps took 40 s for: five keep up.
  row.wait_seconds = 60;
  EXPECT_EQ(input_advice(row, options, 0, 5000),
            "60 % of this epoch went by waiting for images: --workers 5 (now 2)");
  row.wait_seconds = 3;
  const std::string advice = input_advice(row, options, 4000, 5000);
  EXPECT_NE(advice.find("--workers 3 (now 2)"), std::string::npos) << advice;
  EXPECT_NE(advice.find("4000 of 5000 were decoded from files: --cache-mb 500"), std::string::npos)
      << advice;
  options.workers = 0;
  EXPECT_NE(input_advice(row, options, 0, 5000).find("--workers 1 (now 0)"), std::string::npos);
  // Too short to tell.
  row.seconds = 1, row.wait_seconds = 0.4;
  EXPECT_EQ(input_advice(row, options, 0, 5000), "");
}

}  // namespace
}  // namespace hilum::test
