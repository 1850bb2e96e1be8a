// Measured choices of rows: what is measured, what the file holds, and that it is believed.
#include "engine/tuning.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/file.h"
#include "engine/json.h"
#include "engine/ops.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/dispatch.h"
#include "kernels/error.h"
#include "kernels/tune.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

std::vector<std::string> rows_that_ran;

// Runs a convolution with the file; the rows that the observer saw.
std::vector<std::string> run_with(const std::filesystem::path& file) {
  tune_with(file, "test");
  rows_that_ran.clear();
  const KernelObserver before = kernel_observer();
  set_kernel_observer([](const KernelEvent& event) { rows_that_ran.push_back(event.row); });
  conv2d(test::random_tensor({2, 9, 9, 8}, 1), test::random_tensor({16, 3, 3, 8}, 2), {});
  set_kernel_observer(before);
  finish_tuning();
  return rows_that_ran;
}

nlohmann::json only_machine(const std::filesystem::path& file) {
  const auto all = parse_json(read_file(file));
  EXPECT_EQ(all.size(), 1u);
  return all.begin().value();
}

TEST(Tuning, MeasuresEveryRowOnceAndBelievesItsFile) {
  const test::TemporaryFolder folder;
  const auto file = folder / "choices.json";
  const std::vector<std::string> first = run_with(file);
  ASSERT_EQ(first.size(), 1u) << "what was measured is not told as work";
  nlohmann::json rows = only_machine(file);
  const std::string key = "conv2d.forward cpu 2x9x9x8 -> 16 3x3";
  ASSERT_TRUE(rows.contains(key)) << json_text(rows);
  const nlohmann::json entry = rows[key];
  EXPECT_EQ(entry["row"], first[0]);
  std::size_t able = 0;
  for (const Row<Conv2dForward>& row : Conv2dForward::table()) {
    const bool measured = entry["milliseconds"].contains(row.name);
    const bool can = std::string_view(row.name) != "ref" &&
                     why_not(row, Device::cpu, {2, 9, 9, 8, 16, 3, 3}) == nullptr;
    EXPECT_EQ(measured, can) << row.name;
    if (!measured) continue;
    ++able;
    EXPECT_GE(entry["milliseconds"][row.name], entry["milliseconds"][first[0]]) << row.name;
  }
  EXPECT_GT(able, 1u);

  // Another choice in the file is taken, and nothing is measured again.
  auto all = parse_json(read_file(file));
  all.begin().value()[key]["row"] = "cpu1_im2col";
  write_file_atomically(file, json_text(all));
  EXPECT_EQ(run_with(file), std::vector<std::string>{"cpu1_im2col"});
  EXPECT_EQ(read_file(file), json_text(all));

  // What is asked for by name comes first, and is not measured.
  const KernelScope forced("conv2d=cpu2_direct");
  EXPECT_EQ(run_with(file), std::vector<std::string>{"cpu2_direct"});
}

// Many choices are few writings; what others added to the file meanwhile stays.
TEST(Tuning, AddsItsChoicesToWhatTheFileHolds) {
  const test::TemporaryFolder folder;
  const auto file = folder / "choices.json";
  tune_with(file, "test");
  remember_row("first", {"r", {}});
  finish_tuning();
  EXPECT_FALSE(tuning());
  auto all = parse_json(read_file(file));
  const std::string machine = all.begin().key(), before = read_file(file);

  tune_with(file, "test");
  EXPECT_NE(tuned_row("first"), nullptr);
  for (int i = 0; i < 50; ++i) remember_row(std::to_string(i), {"mine", {{"mine", 1.0}}});
  EXPECT_EQ(read_file(file), before) << "not at each choice";
  all[machine]["7"] = all[machine]["first"];  // by another program, meanwhile
  all["another machine"] = all[machine];
  write_file_atomically(file, json_text(all));
  finish_tuning();

  const auto now = parse_json(read_file(file));
  EXPECT_EQ(now["another machine"], all["another machine"]);
  EXPECT_EQ(now[machine].size(), 51u);
  EXPECT_EQ(now[machine]["7"]["row"], "r") << "who was first in the file stays";
  EXPECT_EQ(now[machine]["8"]["row"], "mine");
}

TEST(Tuning, RefusesAFileThatIsSomethingElse) {
  const test::TemporaryFolder folder;
  for (const char* text : {"", "{", "[1]", "weights"}) {
    const auto file = folder / "broken.json";
    write_file_atomically(file, text);
    EXPECT_THROW(tune_with(file, "test"), Error) << text;
    EXPECT_FALSE(tuning());
  }
}

}  // namespace
}  // namespace hilum
