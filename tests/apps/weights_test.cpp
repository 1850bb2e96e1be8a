// import and export from the command line: a run that went out and came back says the same.
#include <gtest/gtest.h>

#include "engine/json.h"
#include "tests/apps/program.h"

namespace hilum::test {
namespace {

TEST(Weights, OutAndInAgain) {
  Folder folder;
  const std::string run_path = (folder / "run").string(),
                    file = (folder / "w.safetensors").string();
  const std::string other = (folder / "other").string();
  const Outcome trained = run({"train", "--net", "cnn", "--data", make_set(folder).string(),
                               "--size", "32", "--epochs", "1", "--out", run_path});
  ASSERT_EQ(trained.code, 0) << trained.err;
  ASSERT_EQ(run({"export", "--run", run_path, "--safetensors", file}).code, 0);

  const Outcome list = run({"import", "--from", file, "--list"});
  ASSERT_EQ(list.code, 0) << list.err;
  EXPECT_NE(list.out.find("32x3x3x3"), std::string::npos) << list.out;
  EXPECT_NE(list.out.find("12 tensors"), std::string::npos) << list.out;

  // The set's own normalisation, from the metadata that went out.
  const std::string image = (folder / "set/val/left/0.png").string();
  const Outcome first = run({"predict", "--run", run_path, image, "--json"});
  ASSERT_EQ(first.code, 0) << first.err;
  const std::string bytes = slurp(file).substr(0, 4000);
  auto list_of = [&bytes](const std::string& key) {  // "key":"[a,b,c]"
    const std::size_t begin = bytes.find("\"" + key + "\":\"[") + key.size() + 5;
    return bytes.substr(begin, bytes.find(']', begin) - begin);
  };
  const Outcome imported =
      run({"import", "--net", "cnn", "--class-names", "left,right", "--size", "32", "--mean",
           list_of("mean"), "--std", list_of("deviation"), "--from", file, "--out", other});
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_NE(imported.out.find("12 tensors loaded, 0 converted, 0 kept"), std::string::npos)
      << imported.out;
  const Outcome second = run({"predict", "--run", other, image, "--json"});
  EXPECT_EQ(second.out, first.out) << second.err;
  EXPECT_EQ(
      run({"evaluate", "--run", other, "--data", (folder / "set").string(), "--split", "val"}).code,
      0);
}

TEST(Weights, WrongUseIsRefused) {
  Folder folder;
  const std::string out = (folder / "run").string(), pickle = (folder / "x.pth").string();
  spill(pickle,
        std::string("\x80\x02") + "cposix\nsystem\nX\4" + std::string(3, '\0') + "true\x85R.");
  const Outcome hostile =
      run({"import", "--net", "cnn", "--classes", "2", "--from", pickle, "--out", out});
  EXPECT_EQ(hostile.code, 3);
  EXPECT_NE(hostile.err.find("'posix.system'"), std::string::npos) << hostile.err;
  EXPECT_FALSE(fs::exists(out)) << "nothing is made for a refused file";
  EXPECT_EQ(run({"import", "--from", pickle}).code, 2);
  EXPECT_EQ(run({"import", "--net", "cnn", "--from", pickle, "--out", out}).code, 2);
  EXPECT_EQ(run({"import", "--net", "cnn", "--classes", "2", "--mean", "1,2", "--from", pickle,
                 "--out", out})
                .code,
            2);
  EXPECT_EQ(run({"export", "--run", out}).code, 2);
  EXPECT_EQ(run({"export", "--run", out, "--onnx", (folder / "m.onnx").string()}).code, 3);
}

}  // namespace
}  // namespace hilum::test
