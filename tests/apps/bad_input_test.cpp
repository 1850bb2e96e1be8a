// Everything that users get wrong: each gives one clear sentence, the right exit code and no run
// folder that is half written.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "data/image.h"
#include "kernels/device.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

using Arguments = std::vector<std::string>;

class BadInput : public testing::Test {
 protected:
  Outcome train(const Arguments& more, const Program::Setting& setting = {}) const {
    Arguments arguments = {"train",    "--size", "32",
                           "--epochs", "1",      "--batch-size",
                           "8",        "--out",  (folder_ / "run").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, setting);
  }
  // One sentence on stderr that begins with the program's name, this code, and no run folder.
  void expect_refused(const Outcome& outcome, int code, const std::string& text) const {
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(text), std::string::npos)
        << "expected '" << text << "' in: " << outcome.err;
    const std::size_t last = outcome.err.rfind("hilum: ");
    EXPECT_NE(last, std::string::npos) << outcome.err;
    EXPECT_FALSE(fs::exists(folder_ / "run")) << "a run folder was made";
  }
  void expect_bad_image(const std::string& bytes, const std::string& reason) const {
    const fs::path set = make_set(folder_);
    spill(set / "train" / "left" / "bad.png", bytes);
    const Outcome stopped = train({"--data", set.string()});
    expect_refused(stopped, 3, reason);
    EXPECT_NE(stopped.err.find("bad.png"), std::string::npos) << stopped.err;
    EXPECT_NE(stopped.err.find("1 of 37 images cannot be used"), std::string::npos) << stopped.err;
    const Outcome skipped = train({"--data", set.string(), "--skip-bad"});
    EXPECT_EQ(skipped.code, 0) << skipped.err;
    EXPECT_NE(skipped.err.find("1 of 37 images left out"), std::string::npos) << skipped.err;
  }

  Folder folder_;
};

TEST_F(BadInput, AClassThatIsNotUtf8) {
  const fs::path set = make_set(folder_);
  for (const char* split : {"train", "val", "test"}) {
    if (fs::exists(set / split / "left")) {
      fs::rename(set / split / "left", set / split / "caf\xE9");
    }
  }
  expect_refused(train({"--data", set.string()}), 3, "class \"caf\xEF\xBF\xBD\" is not UTF-8");
}

TEST_F(BadInput, NoCommandAndUnknownOptions) {
  for (const Arguments& arguments :
       {Arguments{}, Arguments{"tran"}, Arguments{"train"}, Arguments{"summary", "--nett", "cnn"},
        Arguments{"train", "--out", "x", "--epochs", "ten"},
        Arguments{"train", "--out", "x", "--epochs", "0"},
        Arguments{"train", "--out", "x", "--optimizer", "adamm"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_TRUE(outcome.err.starts_with("hilum: ")) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

TEST_F(BadInput, HelpAndVersionSucceed) {
  EXPECT_EQ(run({"--help"}).code, 0);
  EXPECT_NE(run({"train", "--help"}).out.find("--early-stop"), std::string::npos);
  EXPECT_TRUE(run({"--version"}).out.starts_with("hilum 0."));
}

TEST_F(BadInput, MissingFolder) {
  expect_refused(train({"--data", (folder_ / "nowhere").string()}), 3, "no such folder");
}

TEST_F(BadInput, NoDataGiven) { expect_refused(train({}), 2, "--data: is missing"); }

TEST_F(BadInput, EmptyFolder) {
  fs::create_directories(folder_ / "set");
  expect_refused(train({"--data", (folder_ / "set").string()}), 3, "empty");
}

TEST_F(BadInput, ClassWithoutImages) {
  const fs::path set = make_set(folder_);
  fs::create_directories(set / "train" / "middle");
  expect_refused(train({"--data", set.string()}), 3, "no image");
}

TEST_F(BadInput, ClassThatValLacks) {
  const fs::path set = make_set(folder_);
  fs::remove_all(set / "val" / "right");
  expect_refused(train({"--data", set.string()}), 3, "class 'right'");
}

TEST_F(BadInput, SplitThatLeavesAClassEmpty) {
  write_images(folder_ / "set", "", 10);
  for (int i = 1; i < 10; ++i) {
    fs::remove(folder_ / "set" / "right" / (std::to_string(i) + ".png"));
  }
  expect_refused(train({"--data", (folder_ / "set").string()}), 3, "class 'right'");
  expect_refused(train({"--data", (folder_ / "set").string(), "--split", "0.9/0.3"}), 2, "0.9/0.3");
}

TEST_F(BadInput, OneClassOnly) {
  write_images(folder_ / "set", "", 10);
  fs::remove_all(folder_ / "set" / "right");
  expect_refused(train({"--data", (folder_ / "set").string()}), 3, "class");
}

TEST_F(BadInput, TruncatedImage) {
  Image image{64, 64, 1, std::vector<std::uint8_t>(64 * 64, 7)};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<std::uint8_t>(i * 37);
  }
  write_png(folder_ / "whole.png", image);
  const std::string bytes = slurp(folder_ / "whole.png");
  expect_bad_image(bytes.substr(0, bytes.size() / 2), "bad.png");
}

TEST_F(BadInput, ZeroByteFile) { expect_bad_image("", "empty"); }

TEST_F(BadInput, TextNamedPng) { expect_bad_image("not a picture\n", "bad.png"); }

TEST_F(BadInput, OnePixel) {
  write_png(folder_ / "pixel.png", Image{1, 1, 1, {128}});
  expect_bad_image(slurp(folder_ / "pixel.png"), "1 x 1");
}

TEST_F(BadInput, UnreadableFile) {
  const fs::path set = make_set(folder_);
  const fs::path file = set / "train" / "left" / "0.png";
  fs::permissions(file, fs::perms::none);
  Program::Setting setting;
  if (geteuid() == 0) {
    // Permissions do not bind root: run as nobody, in a folder that nobody may write to.
    fs::permissions(folder_.path(), fs::perms::all);
    setting.in_child = [] {
      if (setgid(65534) != 0 || setuid(65534) != 0) _exit(125);
    };
    if (run({"--version"}, setting).code != 0) {
      GTEST_SKIP() << "another user cannot run the program where it was built";
    }
  }
  expect_refused(train({"--data", set.string()}, setting), 3, "Permission denied");
}

TEST_F(BadInput, LabelInNoClassList) {
  const fs::path set = make_set(folder_);
  ASSERT_EQ(train({"--data", set.string()}).code, 0);
  spill(folder_ / "other.csv",
        "path,label\n" + (set / "val/left/0.png").string() + ",upside-down\n");
  const Outcome outcome = run({"evaluate", "--run", (folder_ / "run").string(), "--data",
                               (folder_ / "other.csv").string()});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("upside-down"), std::string::npos) << outcome.err;
}

TEST_F(BadInput, RunFolders) {
  const Outcome none = run({"evaluate", "--run", (folder_ / "none").string(), "--data", "x"});
  EXPECT_EQ(none.code, 3);
  EXPECT_NE(none.err.find("holds no best.safetensors"), std::string::npos) << none.err;
  spill(folder_ / "file", "text");
  const Outcome file = run({"train", "--data", make_set(folder_).string(), "--size", "32", "--out",
                            (folder_ / "file").string(), "--overwrite"});
  EXPECT_EQ(file.code, 3);
  EXPECT_NE(file.err.find("is a file"), std::string::npos) << file.err;
}

TEST_F(BadInput, CheckpointCutShort) {
  const fs::path set = make_set(folder_);
  ASSERT_EQ(train({"--data", set.string()}).code, 0);
  for (const std::string name : {"best.safetensors", "last.ckpt"}) {
    const std::string bytes = slurp(folder_ / "run" / name);
    const Arguments arguments =
        name == "last.ckpt"
            ? Arguments{"train", "--out", (folder_ / "run").string(), "--resume", "--epochs", "2"}
            : Arguments{"evaluate", "--run", (folder_ / "run").string()};
    for (const std::size_t length : {std::size_t{0}, std::size_t{5}, bytes.size() / 2}) {
      spill(folder_ / "run" / name, bytes.substr(0, length));
      const Outcome outcome = run(arguments);
      EXPECT_EQ(outcome.code, 3) << name << " cut to " << length << ": " << outcome.err;
      EXPECT_NE(outcome.err.find(name), std::string::npos) << outcome.err;
    }
    spill(folder_ / "run" / name, bytes);
    EXPECT_EQ(run(arguments).code, 0) << name;
  }
}

TEST_F(BadInput, CheckpointOfAnotherNet) {
  const fs::path set = make_set(folder_);
  ASSERT_EQ(train({"--data", set.string()}).code, 0);
  ASSERT_EQ(run({"train", "--data", set.string(), "--net", "cnn:low", "--size", "48", "--epochs",
                 "1", "--out", (folder_ / "other").string()})
                .code,
            0);
  fs::copy_file(folder_ / "other" / "last.ckpt", folder_ / "run" / "last.ckpt",
                fs::copy_options::overwrite_existing);
  const Outcome outcome = run({"train", "--out", (folder_ / "run").string(), "--resume"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("network cnn:low, and now it is cnn"), std::string::npos)
      << outcome.err;
}

TEST_F(BadInput, FullDisk) {
  const fs::path set = make_set(folder_);
  ASSERT_EQ(train({"--data", set.string()}).code, 0);
  const std::string before = slurp(folder_ / "run" / "last.ckpt");
  // No file may grow past 50 kB: writes fail as on a full disk.
  Program::Setting setting;
  setting.in_child = [] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {50000, 50000};
    setrlimit(RLIMIT_FSIZE, &limit);
  };
  const Outcome outcome =
      run({"train", "--out", (folder_ / "run").string(), "--resume", "--epochs", "5", "--quiet"},
          setting);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("cannot be written"), std::string::npos) << outcome.err;
  EXPECT_EQ(slurp(folder_ / "run" / "last.ckpt"), before);
  for (const auto& entry : fs::directory_iterator(folder_ / "run")) {
    EXPECT_NE(entry.path().extension(), ".tmp") << "a part of a file was left";
  }
  EXPECT_EQ(run({"train", "--out", (folder_ / "run").string(), "--resume", "--epochs", "2"}).code,
            0);
}

TEST_F(BadInput, ResultsThatCannotBePrinted) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  Program::Setting setting;
  setting.stdout_path = "/dev/full";
  const Outcome outcome = run({"kernels", "list"}, setting);
  EXPECT_EQ(outcome.code, 3) << outcome.err;
}

TEST_F(BadInput, LossThatIsNoNumber) {
  const fs::path set = make_set(folder_);
  const Outcome outcome =
      run({"train", "--data", set.string(), "--size", "32", "--batch-size", "8", "--optimizer",
           "sgd", "--lr", "1e30", "--epochs", "3", "--out", (folder_ / "run").string()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("loss is no longer a finite number"), std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("try --lr"), std::string::npos) << outcome.err;
}

TEST_F(BadInput, DevicesAndKernels) {
  for (const Device device : {Device::cuda, Device::emu}) {
    const char* missing = why_missing(device);
    const Outcome outcome = run({"summary", "--device", device_name(device)});
    EXPECT_EQ(outcome.code, missing ? 4 : 0);
    if (missing) {
      EXPECT_NE(outcome.err.find(missing), std::string::npos) << outcome.err;
    }
  }
  EXPECT_EQ(run({"summary", "--device", "cuda:77"}).code, 4);
  EXPECT_EQ(run({"summary", "--device", "gpu"}).code, 2);
  const Outcome row = run({"summary", "--kernels", "conv2d=fast"});
  EXPECT_EQ(row.code, 2);
  EXPECT_NE(row.err.find("has no row 'fast'"), std::string::npos) << row.err;
  EXPECT_EQ(run({"summary", "--kernels", "conv3d=ref"}).code, 2);
  EXPECT_EQ(run({"summary", "--kernels", "conv2d=ref"}).code, 0);
  EXPECT_EQ(run({"summary"}, {{{"HILUM_KERNELS", "conv2d=fast"}}, {}, {}}).code, 2);
}

TEST_F(BadInput, NetAndImagesThatDoNotFit) {
  const Outcome unknown = run({"summary", "--net", "cmm"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("cnn:dropout"), std::string::npos) << unknown.err;
  EXPECT_EQ(run({"summary", "--net", "cnn", "--size", "8"}).code, 2);
}

TEST_F(BadInput, OneBadFileAmongThosePredicted) {
  const fs::path set = make_set(folder_);
  ASSERT_EQ(train({"--data", set.string()}).code, 0);
  spill(folder_ / "bad.png", "text");
  const std::string good = (set / "val" / "left" / "0.png").string();
  const Outcome stopped = run({"predict", "--run", (folder_ / "run").string(), good,
                               (folder_ / "bad.png").string(), (folder_ / "none.png").string()});
  EXPECT_EQ(stopped.code, 3);
  EXPECT_NE(stopped.err.find("2 of 3 images"), std::string::npos) << stopped.err;
  const Outcome skipped = run({"predict", "--run", (folder_ / "run").string(), good,
                               (folder_ / "bad.png").string(), "--skip-bad"});
  EXPECT_EQ(skipped.code, 0) << skipped.err;
  EXPECT_NE(skipped.out.find(good), std::string::npos);
}

}  // namespace
}  // namespace hilum::test
