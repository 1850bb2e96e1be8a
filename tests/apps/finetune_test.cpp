// Phases, frozen layers, and features that are kept instead of computed again.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "apps/feed.h"
#include "apps/train_flags.h"
#include "data/csv.h"
#include "engine/freeze.h"
#include "engine/init.h"
#include "kernels/error.h"
#include "nets/net.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

// A column of history.csv.
std::vector<double> history(const fs::path& run, const std::string& column) {
  const auto rows = parse_csv(slurp(run / "history.csv"), "history.csv");
  const auto& names = rows.front().fields;
  const auto at =
      static_cast<std::size_t>(std::find(names.begin(), names.end(), column) - names.begin());
  std::vector<double> values;
  for (std::size_t i = 1; i < rows.size(); ++i) values.push_back(std::stod(rows[i].fields.at(at)));
  return values;
}

class FeedTest : public testing::Test {
 protected:
  FeedTest()
      : dataset_(read_dataset(make_set(folder_))),
        net_(make_net("cnn", 2, 1, 32)),
        which_(dataset_.indices("train")) {
    initialise(*net_, 1);
    apply_freeze(*net_, {Freeze::Kind::all}, Tensor::zeros({1, 32, 32, 1}));
    options_.size = 32;
    options_.channels = 1;
    options_.batch = 5;
    options_.shuffle = true;
    options_.augmentation = parse_augmentation("rotation=20,shift=0.1,flip");
  }

  // Features of an epoch, by image.
  std::map<std::size_t, std::vector<float>> epoch(Feed& feed, std::uint64_t number) {
    std::map<std::size_t, std::vector<float>> by_image;
    EXPECT_TRUE(feed.start(number, 0, {}));
    order_.clear();
    Batch batch;
    Tensor x;
    while (feed.next(batch, x)) {
      const std::vector<float> all = x.values();
      const std::size_t floats = all.size() / batch.n;
      for (std::size_t i = 0; i < batch.n; ++i) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(i * floats);
        by_image[batch.index[i]] = {first, first + static_cast<std::ptrdiff_t>(floats)};
        EXPECT_EQ(batch.labels[i], static_cast<int>(dataset_.items[batch.index[i]].label));
        order_.push_back(batch.index[i]);
      }
    }
    return by_image;
  }
  Feed feed(const FrozenBody& body, std::size_t copies) {
    return {dataset_, which_, options_, body, copies, folder_.path(), Device::cpu};
  }
  FrozenBody body() { return {*net_, {"cnn", dataset_.classes, 32, 1, {}}, Device::cpu}; }

  Folder folder_;
  Dataset dataset_;
  std::unique_ptr<Module> net_;
  std::vector<std::size_t> which_, order_;
  LoaderOptions options_;
};

TEST_F(FeedTest, KeptFeaturesAreThoseThatWouldBeComputed) {
  const FrozenBody frozen = body();
  ASSERT_GT(frozen.steps(), 0u);
  Feed kept = feed(frozen, 2), computed = feed(frozen, 0);
  for (const std::uint64_t number : {0, 1}) {
    const auto a = epoch(kept, number);
    const std::vector<std::size_t> order = order_;
    const auto b = epoch(computed, number);
    EXPECT_EQ(order, order_) << "the same shuffling, kept or not";
    ASSERT_EQ(a.size(), which_.size());
    for (const auto& [image, features] : a) {
      ASSERT_EQ(features.size(), b.at(image).size());
      for (std::size_t i = 0; i < features.size(); ++i) {
        ASSERT_NEAR(features[i], b.at(image)[i], 1e-5);
      }
    }
  }
}

TEST_F(FeedTest, AugmentedCopiesDifferAndComeAgain) {
  const FrozenBody frozen = body();
  Feed kept = feed(frozen, 2);
  const auto first = epoch(kept, 0);
  const std::vector<std::size_t> order = order_;
  EXPECT_NE(epoch(kept, 1), first);
  EXPECT_EQ(epoch(kept, 2), first);
  EXPECT_NE(order_, order) << "every epoch has an order of its own";
}

TEST_F(FeedTest, FillingThatIsInterruptedBeginsAgain) {
  const FrozenBody frozen = body();
  Feed kept = feed(frozen, 1), other = feed(frozen, 1);
  int asked = 0;
  EXPECT_FALSE(kept.start(0, 0, [&] { return ++asked < 3; }));
  EXPECT_EQ(epoch(kept, 0), epoch(other, 0));
}

TEST_F(FeedTest, LeavesNothingInTheFolder) {
  const FrozenBody frozen = body();
  const Feed kept = feed(frozen, 2);
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.path().filename(), "set");
  }
}

class Phases : public testing::Test {
 protected:
  Phases() : set_(make_set(folder_)) {}
  Outcome train(const std::string& name, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"train",  "--data", set_.string(),
                                          "--size", "32",     "--batch-size",
                                          "8",      "--out",  (folder_ / name).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  Folder folder_;
  fs::path set_;
};

TEST_F(Phases, KeptFeaturesGiveTheSameTraining) {
  const std::vector<std::string> frozen = {"--freeze", "all", "--epochs", "3"};
  const Outcome kept = train("kept", frozen);
  ASSERT_EQ(kept.code, 0) << kept.err;
  EXPECT_NE(kept.err.find("computed once and kept"), std::string::npos) << kept.err;
  std::vector<std::string> again = frozen;
  again.insert(again.end(), {"--feature-cache", "0"});
  const Outcome computed = train("computed", again);
  ASSERT_EQ(computed.code, 0) << computed.err;
  EXPECT_EQ(computed.err.find("kept"), std::string::npos) << computed.err;
  again.back() = "1";
  again.insert(again.end(), {"--feature-cache-mb", "0"});
  const Outcome too_little = train("little", again);
  EXPECT_NE(too_little.err.find("not kept"), std::string::npos) << too_little.err;
  for (const char* column : {"train_loss", "val_loss"}) {
    const auto a = history(folder_ / "kept", column), b = history(folder_ / "computed", column),
               c = history(folder_ / "little", column);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(a[i], b[i], 1e-5) << column << " of epoch " << i + 1;
      EXPECT_EQ(b[i], c[i]);
    }
  }
}

TEST_F(Phases, TheBestWeightsAreCarriedOver) {
  // A large rate until nothing improves any more, then one that changes nothing.
  const Outcome outcome = train("run", {"--epochs", "30,1", "--early-stop", "1,0", "--lr",
                                        "0.02,1e-12", "--freeze", "none,all"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto loss = history(folder_ / "run", "val_loss"), phase = history(folder_ / "run", "phase");
  ASSERT_LT(phase.size(), 31u) << "the first phase may have ended with its best epoch";
  EXPECT_EQ(phase.back(), 2);
  const double best = *std::min_element(loss.begin(), loss.end() - 1);
  EXPECT_NEAR(loss.back(), best, 1e-5);
  EXPECT_GT(loss.end()[-2], best);
  EXPECT_NE(outcome.err.find("phase 2 epoch 1/1"), std::string::npos) << outcome.err;
}

TEST_F(Phases, EarlyStoppingEndsAPhaseOnly) {
  const Outcome outcome = train("run", {"--epochs", "20,3", "--lr", "1e-12,0.001", "--monitor",
                                        "val_accuracy", "--early-stop", "2,0"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(history(folder_ / "run", "phase"), (std::vector<double>{1, 1, 1, 2, 2, 2}));
  // The run can be made longer, in its last phase.
  const std::string out = (folder_ / "run").string();
  EXPECT_EQ(run({"train", "--out", out, "--resume", "--epochs", "20,4"}).code, 0);
  EXPECT_EQ(history(folder_ / "run", "phase").size(), 7u);
  EXPECT_EQ(run({"train", "--out", out, "--resume", "--epochs", "21,4"}).code, 2);
}

TEST_F(Phases, SaysWhatIsTrained) {
  const Outcome outcome = train("run", {"--epochs", "1", "--freeze", "last:3"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("features.9 classifier.1 classifier.4"), std::string::npos)
      << outcome.err;
}

TEST_F(Phases, QuickTakesTheSettingsForASmallMachine) {
  spill(folder_ / "file.toml",
        "[train]\nepochs = \"3,4\"\nlr = 0.01\n\n[train.quick]\nepochs = \"1,2\"\nseed = 7\n");
  const std::string file = (folder_ / "file.toml").string();
  const Outcome quick = train("quick", {"--config", file, "--quick"});
  ASSERT_EQ(quick.code, 0) << quick.err;
  EXPECT_EQ(history(folder_ / "quick", "phase"), (std::vector<double>{1, 2, 2}));
  EXPECT_EQ(history(folder_ / "quick", "lr").front(), 0.01);
  EXPECT_NE(quick.err.find("epochs 1,2 instead of 3,4"), std::string::npos) << quick.err;
  EXPECT_NE(slurp(folder_ / "quick" / "config.toml").find("seed = 7"), std::string::npos);
  const Outcome whole = train("whole", {"--config", file});
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_EQ(history(folder_ / "whole", "phase").size(), 7u);
  EXPECT_EQ(train("run", {"--quick"}).code, 2) << "of which file?";
  spill(folder_ / "none.toml", "[train]\nepochs = 1\n");
  EXPECT_EQ(train("run", {"--config", (folder_ / "none.toml").string(), "--quick"}).code, 2);
}

// The files of apps/experiments say what exists: everything is checked up to the missing images.
TEST_F(Phases, ExperimentsParse) {
  const fs::path folder = fs::path(HILUM_SOURCE_DIR) / "apps" / "experiments";
  int found = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    ++found;
    const std::string command =
        slurp(entry.path()).find("\n[train]") != std::string::npos ? "train" : "compare";
    if (command == "compare") continue;
    for (const bool quick : {false, true}) {
      std::vector<std::string> arguments = {command,
                                            "--config",
                                            entry.path().string(),
                                            "--data",
                                            (folder_ / "nowhere").string(),
                                            "--out",
                                            (folder_ / "run").string()};
      if (quick) arguments.push_back("--quick");
      const Outcome outcome = run(arguments);
      EXPECT_EQ(outcome.code, 3) << entry.path() << outcome.err;
      EXPECT_NE(outcome.err.find("nowhere"), std::string::npos) << outcome.err;
    }
  }
  EXPECT_EQ(found, 6);
}

TEST_F(Phases, NormalisationAsText) {
  const Outcome outcome = train("run", {"--epochs", "1", "--normalise", "0.25/0.5"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(slurp(folder_ / "run" / "best.safetensors").find("[0.25,0.25,0.25]"),
            std::string::npos);
  for (const char* wrong : {"lots", "0.5", "0.5/0", "1,2/3", "/1"}) {
    EXPECT_EQ(train("bad", {"--normalise", wrong}).code, 2) << wrong;
  }
}

// Weights are given images as they were trained on, unless told otherwise.
TEST_F(Phases, PretrainedWeightsChooseTheNormalisation) {
  ASSERT_EQ(train("first", {"--epochs", "1", "--normalise", "0.25/0.5"}).code, 0);
  const std::string weights = (folder_ / "first" / "best.safetensors").string();
  const auto trained_on = [&](const std::string& name, const std::string& normalise) {
    const Outcome outcome =
        train(name, {"--epochs", "1", "--pretrained", weights, "--normalise", normalise});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err.find("as these weights expect: less 0.25 0.25 0.25, over 0.5 0.5 0.5") !=
                  std::string::npos,
              normalise == "auto")
        << outcome.err;
    return load_trained(folder_ / name).recipe.normalisation;
  };
  const std::vector<float> quarter(3, 0.25f), half(3, 0.5f);
  EXPECT_EQ(trained_on("auto", "auto").mean, quarter);
  EXPECT_EQ(trained_on("auto2", "auto").deviation, half);
  EXPECT_EQ(trained_on("own", "none").mean, std::vector<float>());
  EXPECT_NE(trained_on("measured", "set").mean, quarter);
}

TEST(Normalise, WeightsOfOthersSayNothing) {
  const Normalisation lite = normalisation_of(pretrained_scaling("efficientnet_lite0"), 3);
  const Normalisation gray = normalisation_of(pretrained_scaling("squeezenet1_1"), 1);
  // What the networks' authors take from a byte: (128 - 127) / 128; and torchvision's constants.
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR((128 / 255.0 - lite.mean[c]) / lite.deviation[c], 1 / 128.0, 1e-6);
  }
  EXPECT_NEAR(gray.mean.at(0), 0.449, 1e-6);
  EXPECT_NEAR(gray.deviation.at(0), 0.226, 1e-6);
}

TEST_F(Phases, ListsThatDoNotFit) {
  for (const auto& wrong :
       std::vector<std::vector<std::string>>{{"--epochs", "1,2", "--lr", "0.1,0.2,0.3"},
                                             {"--epochs", "1,0"},
                                             {"--epochs", "1.5"},
                                             {"--lr", "0.1,"},
                                             {"--freeze", "most"},
                                             {"--freeze", "last:500"},
                                             {"--feature-cache", "some"}}) {
    const Outcome outcome = train("run", wrong);
    EXPECT_EQ(outcome.code, 2) << wrong[1] << outcome.err;
    EXPECT_FALSE(fs::exists(folder_ / "run"))
        << "nothing may be written before options are checked";
  }
}

}  // namespace
}  // namespace hilum::test
