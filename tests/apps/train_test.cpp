// What a run leaves: its folder, its configuration, and results that can be recomputed.
#include <gtest/gtest.h>

#include <cmath>

#include "data/csv.h"
#include "engine/json.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

using nlohmann::json;

class Train : public testing::Test {
 protected:
  Train() : set_(make_set(folder_)) {}
  Outcome train(const std::string& run_name, const std::vector<std::string>& more = {},
                const Program::Setting& setting = {}) const {
    std::vector<std::string> arguments = {"train",  "--data", set_.string(),
                                          "--size", "32",     "--batch-size",
                                          "8",      "--out",  (folder_ / run_name).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, setting);
  }
  std::string config_line(const std::string& run_name, const std::string& key) const {
    std::istringstream lines(slurp(folder_ / run_name / "config.toml"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(key + " =")) return line.substr(key.size() + 3);
    }
    return "";
  }

  Folder folder_;
  fs::path set_;
};

TEST_F(Train, LearnsAndLeavesTheWholeFolder) {
  const Outcome outcome = train("run", {"--epochs", "12", "--lr", "0.002", "--profile"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name :
       {"config.toml", "run.json", "history.csv", "best.safetensors", "last.ckpt",
        "predictions.csv", "metrics.json", "profile.csv", "trace.json"}) {
    EXPECT_TRUE(fs::exists(folder_ / "run" / name)) << name;
  }
  const json metrics = parse_json(slurp(folder_ / "run" / "metrics.json"));
  EXPECT_EQ(metrics["split"], "val");
  EXPECT_GE(metrics["accuracy"]["k"].get<int>(), 11) << outcome.out;
  EXPECT_EQ(metrics["accuracy"]["n"], 12);
  const json about = parse_json(slurp(folder_ / "run" / "run.json"));
  EXPECT_EQ(about["state"], "finished");
  EXPECT_EQ(about["epochs"], 12);
  EXPECT_NE(outcome.err.find("floor"), std::string::npos);
  EXPECT_NE(outcome.err.find("epoch 12/12"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find('\r'), std::string::npos) << "a progress bar where no terminal is";
  EXPECT_NE(outcome.out.find("run folder"), std::string::npos);
}

TEST_F(Train, QuietSaysNothingOnStderr) {
  const Outcome outcome = train("run", {"--epochs", "1", "--quiet"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Train, ConfigurationRepeatsTheRun) {
  const Outcome first =
      train("a", {"--epochs", "2", "--lr", "0.003", "--augment", "rotation=5,shift=0.1,flip",
                  "--class-weight", "balanced", "--label-smoothing", "0.1", "--seed", "7"});
  ASSERT_EQ(first.code, 0) << first.err;
  const Outcome second = run({"train", "--config", (folder_ / "a" / "config.toml").string(),
                              "--out", (folder_ / "b").string()});
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(weights_line(second), weights_line(first));
  EXPECT_EQ(slurp(folder_ / "a" / "config.toml"), slurp(folder_ / "b" / "config.toml"));
}

TEST_F(Train, FlagBeforeEnvironmentBeforeFileBeforeDefault) {
  spill(folder_ / "file.toml", "[train]\nepochs = 3\nlr = 0.004\nbatch-size = 3\nseed = 5\n");
  Program::Setting setting;
  setting.environment = {{"HILUM_LR", "0.002"}, {"HILUM_BATCH_SIZE", "6"}};
  const Outcome outcome =
      train("run", {"--config", (folder_ / "file.toml").string(), "--epochs", "1"}, setting);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(config_line("run", "epochs"), "1");      // flag over file
  EXPECT_EQ(config_line("run", "batch-size"), "8");  // flag over environment
  EXPECT_EQ(config_line("run", "lr"), "0.002");      // environment over file
  EXPECT_EQ(config_line("run", "seed"), "5");        // file over default
  EXPECT_EQ(config_line("run", "optimizer"), "\"adam\"");
}

TEST_F(Train, ConfigurationsThatDoNotRead) {
  EXPECT_EQ(train("run", {"--config", (folder_ / "none.toml").string()}).code, 2);
  spill(folder_ / "typo.toml", "[train]\nepocs = 3\n");
  const Outcome typo = train("run", {"--config", (folder_ / "typo.toml").string()});
  EXPECT_EQ(typo.code, 2);
  EXPECT_NE(typo.err.find("epocs"), std::string::npos) << typo.err;
}

TEST_F(Train, AFolderInUseIsKeptUnlessOverwritten) {
  ASSERT_EQ(train("run", {"--epochs", "2"}).code, 0);
  spill(folder_ / "run" / "notes.txt", "mine");
  const std::string history = slurp(folder_ / "run" / "history.csv");
  const Outcome refused = train("run", {"--epochs", "1"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("--overwrite"), std::string::npos) << refused.err;
  EXPECT_EQ(slurp(folder_ / "run" / "history.csv"), history);
  // A mistake in the options leaves the old run alone, too.
  EXPECT_EQ(train("run", {"--overwrite", "--augment", "spin=3"}).code, 2);
  EXPECT_EQ(slurp(folder_ / "run" / "history.csv"), history);
  ASSERT_EQ(train("run", {"--epochs", "1", "--overwrite"}).code, 0);
  EXPECT_NE(slurp(folder_ / "run" / "history.csv"), history);
  EXPECT_EQ(slurp(folder_ / "run" / "notes.txt"), "mine");
  EXPECT_EQ(train("run", {"--overwrite", "--resume"}).code, 2);
}

TEST_F(Train, EarlyStopEndsTheRun) {
  // With a rate this small nothing improves by accuracy after the first epoch.
  const Outcome outcome = train(
      "run", {"--epochs", "40", "--lr", "1e-12", "--monitor", "val_accuracy", "--early-stop", "2"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("best epoch  1 of 3"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("stopped early"), std::string::npos);
}

TEST_F(Train, EvaluationCanBeRecomputedFromThePredictions) {
  ASSERT_EQ(train("run", {"--epochs", "2"}).code, 0);
  const Outcome outcome = run({"evaluate", "--run", (folder_ / "run").string(), "--data",
                               set_.string(), "--split", "all", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json result = parse_json(outcome.out);
  const auto rows = parse_csv(slurp(folder_ / "run" / "predictions.csv"), "predictions.csv");
  ASSERT_EQ(rows.size(), 37u);
  ASSERT_EQ(rows[0].fields, (std::vector<std::string>{"split", "path", "label", "group",
                                                      "predicted", "logit:left", "logit:right"}));
  int correct = 0, confusion[2][2] = {};
  double loss = 0;
  std::vector<double> left, right;  // score of class right
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& row = rows[i].fields;
    const double z[2] = {std::stod(row[5]), std::stod(row[6])};
    const int truth = row[2] == "right", predicted = z[1] > z[0];
    EXPECT_EQ(row[4], predicted ? "right" : "left");
    EXPECT_NE(row[1].find(row[0] + "/" + row[2]), std::string::npos);
    ++confusion[truth][predicted];
    correct += truth == predicted;
    loss += std::log(std::exp(z[0]) + std::exp(z[1])) - z[truth];
    (truth ? right : left).push_back(z[1] - z[0]);
  }
  double pairs = 0;
  for (const double r : right) {
    for (const double l : left) pairs += r > l ? 1 : r == l ? 0.5 : 0;
  }
  const double n = 36, p = correct / n, z = 1.959963984540054;
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  EXPECT_EQ(result["accuracy"]["k"], correct);
  EXPECT_EQ(result["accuracy"]["n"], 36);
  EXPECT_NEAR(result["accuracy"]["low"].get<double>(), centre - half, 1e-9);
  EXPECT_NEAR(result["accuracy"]["high"].get<double>(), centre + half, 1e-9);
  EXPECT_EQ(result["majority"]["k"], 18);
  EXPECT_NEAR(result["loss"].get<double>(), loss / n, 1e-6);
  EXPECT_NEAR(result["macro_auc"].get<double>(), pairs / (18 * 18), 1e-9);
  for (int truth : {0, 1}) {
    for (int predicted : {0, 1}) {
      EXPECT_EQ(result["confusion"]["counts"][truth][predicted], confusion[truth][predicted]);
    }
  }
  EXPECT_EQ(result["by_class"][1]["sensitivity"]["k"], confusion[1][1]);
  EXPECT_EQ(result["by_class"][1]["specificity"]["k"], confusion[0][0]);
  EXPECT_EQ(result["by_class"][1]["precision"]["n"], confusion[0][1] + confusion[1][1]);
}

TEST_F(Train, SeveralRunsGiveOneTable) {
  ASSERT_EQ(train("a", {"--epochs", "1"}).code, 0);
  ASSERT_EQ(train("b", {"--epochs", "1", "--net", "cnn:low", "--size", "48"}).code, 2);
  ASSERT_EQ(train("b", {"--epochs", "1", "--seed", "2"}).code, 0);
  const std::vector<std::string> arguments = {"evaluate", "--run", (folder_ / "a").string(),
                                              (folder_ / "b").string()};
  const Outcome table = run(arguments);
  ASSERT_EQ(table.code, 0) << table.err;
  EXPECT_EQ(std::count(table.out.begin(), table.out.end(), '\n'), 3) << table.out;
  EXPECT_NE(table.out.find("majority floor"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder_ / "b" / "metrics.json"));
}

TEST_F(Train, PredictAgreesWithEvaluate) {
  ASSERT_EQ(train("run", {"--epochs", "1"}).code, 0);
  const auto rows = parse_csv(slurp(folder_ / "run" / "predictions.csv"), "predictions.csv");
  std::vector<std::string> arguments = {"predict", "--run", (folder_ / "run").string(), "--json"};
  for (std::size_t i = 1; i < rows.size(); ++i) arguments.push_back(rows[i].fields[1]);
  const Outcome outcome = run(arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json result = parse_json(outcome.out);
  ASSERT_EQ(result.size(), rows.size() - 1);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto& row = rows[i + 1].fields;
    EXPECT_EQ(result[i]["path"], row[1]);
    EXPECT_EQ(result[i]["class"], row[4]);
    EXPECT_EQ(result[i]["logit"]["left"].get<float>(), std::stof(row[5]));
    const double sum = result[i]["probability"]["left"].get<double>() +
                       result[i]["probability"]["right"].get<double>();
    EXPECT_NEAR(sum, 1, 1e-6);
  }
  arguments.erase(arguments.begin() + 3);
  EXPECT_NE(run(arguments).out.find("p(left)"), std::string::npos);
}

TEST_F(Train, SplitsDrawnForTheRunAreFoundAgain) {
  write_images(folder_ / "loose", "", 20);
  const std::string loose = (folder_ / "loose").string();
  const Outcome trained = train("run", {"--data", loose, "--epochs", "1"});
  ASSERT_EQ(trained.code, 2) << "an option twice is a mistake";
  ASSERT_EQ(run({"train", "--data", loose, "--size", "32", "--epochs", "1", "--seed", "3", "--out",
                 (folder_ / "run").string()})
                .code,
            0);
  const json val = parse_json(slurp(folder_ / "run" / "metrics.json"));
  const Outcome again =
      run({"evaluate", "--run", (folder_ / "run").string(), "--split", "val", "--json"});
  ASSERT_EQ(again.code, 0) << again.err;
  const json result = parse_json(again.out);
  EXPECT_EQ(result["images"], val["images"]);
  EXPECT_EQ(result["loss"], val["loss"]);
  // Test is what is evaluated unless told otherwise; another set has no splits to ask for.
  EXPECT_EQ(parse_json(run({"evaluate", "--run", (folder_ / "run").string(), "--json"}).out)
                .value("split", ""),
            "test");
  write_images(folder_ / "more", "", 5);
  EXPECT_EQ(run({"evaluate", "--run", (folder_ / "run").string(), "--data",
                 (folder_ / "more").string(), "--split", "val"})
                .code,
            3);
}

}  // namespace
}  // namespace hilum::test
