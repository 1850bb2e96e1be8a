// A run that was killed or interrupted and goes on gives the weights of one that was not, bit for
// bit; so does any number of threads.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "engine/json.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

using Arguments = std::vector<std::string>;

Arguments with(Arguments base, const Arguments& more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

// The columns of history.csv that do not tell the time.
std::string history_without_times(const fs::path& run) {
  std::istringstream lines(slurp(run / "history.csv"));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string field;
    for (int column = 0; std::getline(fields, field, ','); ++column) {
      if (column != 7 && column != 8 && column != 11) text += field + ',';
    }
    text += '\n';
  }
  return text;
}

nlohmann::json state_of(const fs::path& checkpoint) {
  const std::string bytes = slurp(checkpoint);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto json = parse_json(bytes.substr(8, header));
  return parse_json(json["__metadata__"]["state"].get<std::string>());
}

// Runs until a checkpoint in the middle of an epoch of this phase is there.
void wait_for_checkpoint(Program& program, const fs::path& run, int phase = 0) {
  for (int i = 0; i < 3000 && program.running(); ++i) {
    if (fs::exists(run / "last.ckpt")) {
      const nlohmann::json state = state_of(run / "last.ckpt");
      if (state["phase"] == phase && state["batch"] > 0) return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

class Resume : public testing::TestWithParam<Arguments> {
 protected:
  Resume() {
    // Many short steps in an epoch, so that a signal always finds one under way.
    write_images(folder_ / "set", "train", 60);
    write_images(folder_ / "set", "val", 6);
    base_ = with({"train", "--data", (folder_ / "set").string(), "--size", "32", "--epochs", "2",
                  "--batch-size", "2", "--augment", "rotation=10,shift=0.1,flip"},
                 GetParam());
  }
  Arguments to(const std::string& run, const Arguments& more = {}) const {
    return with(with(base_, {"--out", (folder_ / run).string()}), more);
  }

  // The last phase, where there are several.
  int phase() const { return std::count(base_.begin(), base_.end(), "--freeze") > 0 ? 1 : 0; }

  Folder folder_;
  Arguments base_;
};

TEST_P(Resume, AfterKillEqualsTheUninterruptedRun) {
  const Outcome whole = run(to("whole"));
  ASSERT_EQ(whole.code, 0) << whole.err;
  Program killed(to("killed", {"--checkpoint-every", "5"}));
  wait_for_checkpoint(killed, folder_ / "killed", phase());
  killed.send(SIGKILL);
  const Outcome first = killed.wait();
  ASSERT_EQ(first.signal, SIGKILL) << first.err;
  const nlohmann::json state = state_of(folder_ / "killed" / "last.ckpt");
  EXPECT_GT(state["batch"].get<int>(), 0) << "not in mid-epoch";
  EXPECT_EQ(state["phase"].get<int>(), phase());

  const Outcome resumed = run({"train", "--out", (folder_ / "killed").string(), "--resume"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(weights_line(resumed), weights_line(whole));
  EXPECT_EQ(history_without_times(folder_ / "killed"), history_without_times(folder_ / "whole"));
  EXPECT_EQ(slurp(folder_ / "killed" / "best.safetensors"),
            slurp(folder_ / "whole" / "best.safetensors"));
}

TEST_P(Resume, AfterSigtermEqualsTheUninterruptedRun) {
  const Outcome whole = run(to("whole"));
  ASSERT_EQ(whole.code, 0) << whole.err;
  Program stopped(to("stopped", {"--checkpoint-every", "3"}));
  wait_for_checkpoint(stopped, folder_ / "stopped", phase());
  stopped.send(SIGTERM);
  const Outcome first = stopped.wait();
  ASSERT_EQ(first.code, 130) << first.err;
  EXPECT_NE(first.err.find("--resume"), std::string::npos) << first.err;
  for (const auto& entry : fs::directory_iterator(folder_ / "stopped")) {
    EXPECT_NE(entry.path().extension(), ".tmp");
  }
  const Outcome resumed =
      run({"train", "--out", (folder_ / "stopped").string(), "--resume", "--threads", "1"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(weights_line(resumed), weights_line(whole));
}

// Features of both epochs are kept in the first phase, and computed anew in the second.
const Arguments frozen_then_not = {
    "--freeze", "all,last:3", "--lr", "0.001,0.0003", "--lr-body", "0.3", "--feature-cache", "2"};

INSTANTIATE_TEST_SUITE_P(Optimisers, Resume,
                         testing::Values(Arguments{"--optimizer", "adam", "--plateau", "1",
                                                   "--class-weight", "balanced"},
                                         Arguments{"--optimizer", "sgd", "--lr", "0.01",
                                                   "--schedule", "cosine"},
                                         frozen_then_not),
                         [](const auto& info) {
                           return info.index == 0 ? "adam" : info.index == 1 ? "sgd" : "phases";
                         });

class Signals : public testing::Test {
 protected:
  Folder folder_;
};

TEST_F(Signals, SigintStopsWithACheckpointAndASecondOneEndsAtOnce) {
  write_images(folder_ / "set", "train", 60);
  write_images(folder_ / "set", "val", 6);
  Program program({"train", "--data", (folder_ / "set").string(), "--size", "32", "--epochs",
                   "1000", "--batch-size", "2", "--checkpoint-every", "3", "--out",
                   (folder_ / "run").string()});
  wait_for_checkpoint(program, folder_ / "run");
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_NE(outcome.err.find("interrupted after step"), std::string::npos) << outcome.err;
  const auto about = parse_json(slurp(folder_ / "run" / "run.json"));
  EXPECT_EQ(about["state"], "interrupted");
}

TEST(Threads, OneAndTwoGiveTheSameWeights) {
  Folder folder;
  const fs::path set = make_set(folder);
  std::string first;
  for (const auto& [threads, workers] :
       std::vector<std::pair<std::string, std::string>>{{"1", "0"}, {"2", "1"}, {"2", "3"}}) {
    const Outcome outcome =
        run({"train", "--data", set.string(), "--size", "48", "--epochs", "2", "--batch-size", "5",
             "--augment", "rotation=20,zoom=0.2", "--threads", threads, "--workers", workers,
             "--out", (folder / ("run" + threads + workers)).string()});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    if (first.empty()) first = weights_line(outcome);
    EXPECT_EQ(weights_line(outcome), first) << threads << " threads, " << workers << " workers";
  }
}

TEST(ResumeRules, AnotherConfigurationIsNamed) {
  Folder folder;
  const fs::path set = make_set(folder);
  const std::string out = (folder / "run").string();
  ASSERT_EQ(
      run({"train", "--data", set.string(), "--size", "32", "--epochs", "1", "--out", out}).code,
      0);
  const Outcome lr = run({"train", "--out", out, "--resume", "--lr", "0.5"});
  EXPECT_EQ(lr.code, 2);
  EXPECT_NE(lr.err.find("--lr is '0.5' here and '0.001'"), std::string::npos) << lr.err;
  const Outcome net = run({"train", "--out", out, "--resume", "--net", "cnn:low"});
  EXPECT_EQ(net.code, 2);
  EXPECT_NE(net.err.find("--net is 'cnn:low' here and 'cnn'"), std::string::npos) << net.err;
  // The same value written another way, and more epochs, are fine.
  const Outcome more = run({"train", "--out", out, "--resume", "--lr", "1e-3", "--epochs", "2"});
  EXPECT_EQ(more.code, 0) << more.err;
  // The set has changed behind the run's back.
  fs::remove(set / "train" / "left" / "0.png");
  const Outcome data = run({"train", "--out", out, "--resume", "--epochs", "3"});
  EXPECT_EQ(data.code, 3);
  EXPECT_NE(data.err.find("of a run with data 36 images"), std::string::npos) << data.err;
}

}  // namespace
}  // namespace hilum::test
