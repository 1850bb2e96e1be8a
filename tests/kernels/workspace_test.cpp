// A row that can do with less workspace goes on where memory is short, and that is said aloud.
#include <gtest/gtest.h>

#include "kernels/dispatch.h"
#include "kernels/remark.h"

namespace hilum::test {
namespace {

constexpr std::size_t too_much = std::size_t{1} << 60;
std::string said;

class Workspace : public testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the address sanitizer ends a program that asks for so much";
#endif
    said.clear();
    set_remark_listener([](const std::string& text) { said += text; });
  }
  void TearDown() override { set_remark_listener(nullptr); }
  // What the row gets, and how often it had to plan again.
  std::size_t ask(std::size_t bytes, std::size_t least) {
    return obtainable_workspace(Device::cpu, bytes, "conv2d_forward_row", [&] {
      ++plans_;
      return least;
    });
  }
  int plans_ = 0;
};

TEST_F(Workspace, IsWhatWasAskedForWhereThatIsThere) {
  EXPECT_EQ(ask(4096, 64), 4096u);
  EXPECT_EQ(ask(0, 0), 0u);
  EXPECT_EQ(plans_, 0);
  EXPECT_EQ(said, "");
}

TEST_F(Workspace, IsLessWhereMemoryIsShortAndThatIsSaid) {
  EXPECT_EQ(ask(too_much, 64), 64u);
  EXPECT_EQ(plans_, 1);
  EXPECT_NE(said.find("conv2d_forward_row"), std::string::npos) << said;
  EXPECT_NE(said.find(std::to_string(too_much)), std::string::npos) << said;
}

TEST_F(Workspace, IsAnErrorWhereThePlanNeedsAsMuchAgain) {
  EXPECT_THROW(ask(too_much, too_much), Error);
  EXPECT_THROW(ask(too_much, too_much / 2), Error);
  EXPECT_EQ(said, "");
}

TEST_F(Workspace, TakesNoMemoryWhileNoKernelRuns) {
  const DryRun dry_run;
  EXPECT_EQ(ask(too_much, 64), too_much);
  EXPECT_EQ(plans_, 0);
}

}  // namespace
}  // namespace hilum::test
