// hilum compare as a user runs it: killed and gone on with, a run that fails, a search that never
// sees the test images; and what evaluate counts and refuses.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "data/csv.h"
#include "engine/json.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

using nlohmann::json;

class Compare : public testing::Test {
 protected:
  Compare() : set_(make_set(folder_)) {}
  std::vector<std::string> arguments(const std::string& out,
                                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"compare",     "--data", set_.string(),
                                      "--no-probes", "--out",  (folder_ / out).string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  json result(const std::string& out) const {
    return parse_json(slurp(folder_ / out / "comparison.json"));
  }

  Folder folder_;
  fs::path set_;
};

// What stands before the cost, which is time and memory.
std::string table(const Outcome& outcome) {
  return outcome.out.substr(0, outcome.out.find("\nCost"));
}

TEST_F(Compare, KilledAndGoneOnWithGivesTheSameTable) {
  const std::vector<std::string> what = {"--nets", "cnn,cnn:dropout", "--seeds", "2", "--size",
                                         "48",     "--epochs",        "2"};
  const Outcome whole = run(arguments("whole", what));
  ASSERT_EQ(whole.code, 0) << whole.err;
  {
    Program half(arguments("killed", what));
    // In the second run: some of the work is complete, some has begun, some has not.
    while (half.running() && !fs::exists(folder_ / "killed" / "cnn-s1" / "run.json")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    half.send(SIGKILL);
    EXPECT_EQ(half.wait().signal, SIGKILL);
  }
  EXPECT_FALSE(fs::exists(folder_ / "killed" / "comparison.csv"));
  const Outcome resumed = run(arguments("killed", what));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(table(whole), table(resumed));
  EXPECT_EQ(slurp(folder_ / "whole" / "comparison.csv"),
            slurp(folder_ / "killed" / "comparison.csv"));
  EXPECT_NE(whole.out.find("Holm"), std::string::npos) << whole.out;
  EXPECT_NE(whole.out.find("ensemble of all 2"), std::string::npos);
  // The images are separable and the networks alike: no test may call them different.
  EXPECT_FALSE(result("whole")["pairs"][0]["differs"].get<bool>()) << whole.out;
  // Done: the third time nothing is trained. Other settings are another comparison.
  const Outcome again = run(arguments("whole", what));
  EXPECT_EQ(again.err.find("epoch"), std::string::npos) << again.err;
  EXPECT_EQ(table(again), table(whole));
  EXPECT_EQ(
      run(arguments("whole", {"--nets", "cnn", "--size", "48", "--epochs", "2", "--lr", "0.01"}))
          .code,
      2);
}

TEST_F(Compare, OneFailureLosesNothingElse) {
  // cnn:low pools 32 pixels away.
  const Outcome outcome = run(
      arguments("run", {"--nets", "cnn:low,cnn", "--seeds", "1", "--epochs", "1", "--size", "32"}));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("failed: cnn:low, seed 0"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("vanish"), std::string::npos) << outcome.out;
  const json all = result("run");
  ASSERT_EQ(all["rows"].size(), 1u);
  EXPECT_EQ(all["rows"][0]["name"], "cnn");
  EXPECT_NE(outcome.out.find("single seed"), std::string::npos);
  EXPECT_NE(outcome.out.find("validation images"), std::string::npos);
}

TEST_F(Compare, FoldsTestEveryImageOnce) {
  const Outcome outcome = run(arguments(
      "folds", {"--nets", "cnn", "--seeds", "1", "--folds", "3", "--epochs", "1", "--size", "32"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(result("folds")["rows"][0]["images"], 36);
  std::map<std::string, int> seen;
  for (const char* fold : {"cnn-s0-f0", "cnn-s0-f1", "cnn-s0-f2"}) {
    const auto rows = parse_csv(slurp(folder_ / "folds" / fold / "predictions.csv"), fold);
    for (std::size_t i = 1; i < rows.size(); ++i) ++seen[rows[i].fields[1]];
  }
  EXPECT_EQ(seen.size(), 36u);
  for (const auto& [path, count] : seen) EXPECT_EQ(count, 1) << path;
}

TEST_F(Compare, SearchSeesNoTestImage) {
  write_images(set_, "test", 4);
  const Outcome outcome =
      run(arguments("search", {"--nets", "cnn", "--seeds", "1", "--search", "2", "--epochs", "1",
                               "--size", "32", "--tta", "2", "--augment", "shift=0.1"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("best of 2 on val"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("cnn + 2 views"), std::string::npos) << outcome.out;
  EXPECT_EQ(result("search")["split"], "test");
  const std::string manifest = slurp(folder_ / "search" / "splits" / "search.csv");
  EXPECT_EQ(manifest.find("test"), std::string::npos) << manifest;
  EXPECT_NE(slurp(folder_ / "search" / "splits" / "fold-0.csv").find("test"), std::string::npos);
  EXPECT_EQ(parse_csv(slurp(folder_ / "search" / "search.csv"), "").size(), 3u);
  const Outcome refused =
      run(arguments("both", {"--nets", "cnn", "--size", "32", "--search", "2", "--folds", "2"}));
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("refused"), std::string::npos);
}

TEST_F(Compare, WrongUse) {
  EXPECT_EQ(run(arguments("a", {"--nets", "cnn,cnn"})).code, 2);
  EXPECT_EQ(run(arguments("a", {"--nets", "nothing"})).code, 2);
  EXPECT_EQ(run(arguments("a", {"--nets", "cnn", "--folds", "1"})).code, 2);
  spill(folder_ / "full" / "mine.txt", "");
  EXPECT_EQ(run(arguments("full", {"--nets", "cnn"})).code, 2);
}

TEST_F(Compare, EvaluateCountsLooksAndRefusesToChooseOnTest) {
  write_images(set_, "test", 4);
  const std::string path = (folder_ / "runs" / "a").string();
  ASSERT_EQ(
      run({"train", "--data", set_.string(), "--size", "32", "--epochs", "2", "--out", path}).code,
      0);
  const fs::path ledger = folder_ / "runs" / "test-ledger.csv";
  ASSERT_EQ(run({"evaluate", "--run", path, "--split", "val"}).code, 0);
  EXPECT_FALSE(fs::exists(ledger));
  EXPECT_NE(run({"evaluate", "--run", path}).err.find("the first at these 8 images"),
            std::string::npos);
  const Outcome second = run({"evaluate", "--run", path, "--json", "--positive", "right",
                              "--prevalence", "0.01", "--threshold", "sensitivity=0.9"});
  EXPECT_NE(second.err.find("number 2"), std::string::npos) << second.err;
  EXPECT_EQ(parse_csv(slurp(ledger), "").size(), 3u);
  const json positive = parse_json(second.out)["positive"];
  EXPECT_EQ(positive["class"], "right");
  EXPECT_EQ(positive["rule"], "sensitivity=0.9 on val");
  EXPECT_EQ(positive["at_prevalence"]["prevalence"], 0.01);
  EXPECT_EQ(positive["sensitivity"]["n"], 4);

  const Outcome refused = run({"evaluate", "--run", path, "--fit-on", "test"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("refused"), std::string::npos) << refused.err;
  EXPECT_EQ(run({"evaluate", "--run", path, "--positive", "up"}).code, 2);
  EXPECT_EQ(run({"evaluate", "--run", path, "--threshold", "best"}).code, 2);
}

// Nothing in the page may be fetched from anywhere, and every name must be escaped.
void expect_self_contained(const std::string& page) {
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  for (const char* reference : {"src=\"", "href=\"", "url("}) {
    for (std::size_t at = 0; (at = page.find(reference, at)) != std::string::npos; ++at) {
      const std::string to = page.substr(at + std::string(reference).size(), 5);
      EXPECT_TRUE(to == "data:" || to.front() == '#') << page.substr(at, 60);
    }
  }
  EXPECT_NE(page.find("not a diagnostic device"), std::string::npos);
}

// Written again without a network being run or a look being counted: the same bytes.
TEST_F(Compare, ReportsAreWrittenAgainFromWhatIsStored) {
  write_images(set_, "test", 4);
  const fs::path runs = folder_ / "runs", all = runs / "all", run_folder = all / "cnn-s0";
  ASSERT_EQ(run(arguments("runs/all", {"--nets", "cnn,cnn:dropout", "--seeds", "2", "--epochs", "1",
                                       "--size", "48", "--tta", "2", "--augment", "shift=0.1"}))
                .code,
            0);
  const std::string page = slurp(all / "report.html"), table = slurp(all / "comparison.json");
  const std::string looks = slurp(runs / "test-ledger.csv");
  ASSERT_NE(looks, "");
  for (const char* net : {"cnn-s0", "cnn-s1", "cnn-dropout-s0", "cnn-dropout-s1"}) {
    fs::remove(all / net / "best.safetensors");  // no network can be run
  }
  const Outcome again = run({"report", "--comparison", all.string()});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(slurp(all / "comparison.json"), table);
  EXPECT_EQ(slurp(all / "report.html"), page);
  EXPECT_EQ(slurp(runs / "test-ledger.csv"), looks);
  const fs::path elsewhere = folder_ / "elsewhere" / "page.html";
  ASSERT_EQ(run({"report", "--run", run_folder.string(), "--out", elsewhere.string()}).code, 0);
  EXPECT_NE(slurp(elsewhere).find("8 images of the test split"), std::string::npos);
  EXPECT_FALSE(fs::exists(run_folder / "report.html"));

  // What is missing is named with the command that makes it.
  const auto refused = [](const Outcome& outcome, const std::string& file, const std::string& by) {
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_NE(outcome.err.find(file), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(by), std::string::npos) << outcome.err;
  };
  fs::remove(run_folder / "predictions.csv");
  refused(run({"report", "--run", run_folder.string()}), "cnn-s0/predictions.csv",
          "hilum evaluate");
  refused(run({"report", "--comparison", all.string()}), "cnn-s0/predictions.csv",
          "compare --data");
  fs::remove(all / "comparison.json");
  refused(run({"report", "--comparison", all.string()}), "comparison.json", "hilum compare");
  EXPECT_EQ(run({"report"}).code, 2);
}

// The page of a run is that of evaluate --report, options and all.
TEST_F(Compare, ReportOfARunHasTheOptionsOfItsEvaluation) {
  const fs::path path = folder_ / "run";
  ASSERT_EQ(run({"train", "--data", set_.string(), "--size", "32", "--epochs", "1", "--out",
                 path.string()})
                .code,
            0);
  ASSERT_EQ(run({"evaluate", "--run", path.string(), "--split", "val", "--positive", "right",
                 "--prevalence", "0.01", "--threshold", "sensitivity=0.9", "--report"})
                .code,
            0);
  const std::string page = slurp(path / "report.html");
  EXPECT_NE(page.find("at prevalence 0.01"), std::string::npos);
  fs::remove(path / "report.html");
  ASSERT_EQ(run({"report", "--run", path.string()}).code, 0);
  EXPECT_EQ(slurp(path / "report.html"), page);
}

TEST_F(Compare, ReportsAreOneFileAndSayWhatIsMissing) {
  const std::string path = (folder_ / "run").string();
  ASSERT_EQ(
      run({"train", "--data", set_.string(), "--size", "32", "--epochs", "2", "--out", path}).code,
      0);
  const Outcome plain = run({"evaluate", "--run", path, "--split", "val", "--report"},
                            {{{"HILUM_GNUPLOT", "off"}}, {}, {}});
  ASSERT_EQ(plain.code, 0) << plain.err;
  const std::string page = slurp(folder_ / "run" / "report.html");
  expect_self_contained(page);
  EXPECT_NE(page.find("gnuplot is not installed"), std::string::npos);
  for (const char* heading :
       {"Scores", "Confusion matrix", "Curves", "Learning curves", "Probes", "Leaks", "Failures",
        "Samples", "Checklist", "Model card", "Reproduction"}) {
    EXPECT_NE(page.find(std::string("<h2>") + heading), std::string::npos) << heading;
  }
  EXPECT_NE(page.find("<td>22</td>"), std::string::npos);

  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "gnuplot is not installed, so no plot was looked at";
  }
  ASSERT_EQ(run({"evaluate", "--run", path, "--split", "val", "--report"}).code, 0);
  const std::string drawn = slurp(folder_ / "run" / "report.html");
  expect_self_contained(drawn);
  EXPECT_EQ(drawn.find("gnuplot is not installed"), std::string::npos);
  std::size_t plots = 0;
  for (std::size_t at = 0; (at = drawn.find("<svg", at)) != std::string::npos; ++at) ++plots;
  EXPECT_EQ(plots, 6u);
  EXPECT_TRUE(slurp(folder_ / "run" / "plots" / "roc.png").starts_with("\x89PNG"));
}

}  // namespace
}  // namespace hilum::test
