// conv2d on whole numbers: small ones are exact in every precision, TF32 and bf16 included, and so
// are their products and sums, in any order. The tolerances of the tensor cores' rows
// (rows_test.cpp) are wide enough to hide a lost term; here every row of device emu but Winograd's,
// whose transforms have thirds, must give the oracle's very numbers.
#include <gtest/gtest.h>

#include <string_view>

#include "kernels/conv2d/cases.h"
#include "kernels/conv2d/ref.h"
#include "kernels/device.h"
#include "kernels/operands.h"

namespace hilum::test {
namespace {

template <class Pass>
void expect_exact(const Row<Pass>& row, const Case<Conv2dProblem>& a_case) {
  std::vector<OperandData> operands = PassCalls<Pass>::make(a_case.problem, 7);
  std::mt19937 random(11);
  std::uniform_int_distribution<int> whole(-3, 3);
  for (OperandData& operand : operands) {
    if (!operand.input) continue;
    for (float& v : operand.f32) v = static_cast<float>(whole(random));
  }
  widen(operands);
  PassCalls<Pass>::template reference<double>(a_case.problem, operands);
  std::vector<char> memory(row.workspace ? row.workspace(a_case.problem) + 64 : 0);
  Launch launch;
  if (!memory.empty()) {
    launch.workspace = memory.data() + 64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64;
  }
  PassCalls<Pass>::row(row, launch, a_case.problem, operands);
  for (const OperandData& operand : operands) {
    if (operand.input) continue;
    for (std::size_t i = 0; i < operand.spec.count; ++i) {
      ASSERT_EQ(operand.f32[i], operand.f64[i])
          << Pass::op << "." << Pass::pass << " " << row.name << ", case " << a_case.name << ", "
          << operand.spec.name << "[" << i << "]";
    }
  }
}

template <class Pass>
void every_row_is_exact() {
  std::size_t rows = 0;
  for (const Row<Pass>& row : Pass::table()) {
    const bool winograd = std::string_view(row.name).find("winograd") != std::string_view::npos;
    if (row.device != Device::emu || winograd) continue;
    ++rows;
    for (const auto& a_case : cases(static_cast<const Conv2dProblem*>(nullptr))) {
      if (a_case.use != Use::test) continue;
      if (row.why_not && row.why_not(a_case.problem)) continue;
      expect_exact(row, a_case);
    }
  }
  EXPECT_GE(rows, 4u);
}

TEST(Conv2dExact, WholeNumbers) {
  if (const char* reason = why_missing(Device::emu)) GTEST_SKIP() << reason;
  every_row_is_exact<Conv2dForward>();
  every_row_is_exact<Conv2dBackwardData>();
  every_row_is_exact<Conv2dBackwardWeight>();
}

// What a GPU's table chooses by itself is never of reduced precision.
TEST(Conv2dExact, TensorCoresAreNotChosenUnasked) {
  auto first = []<class Pass>(const Conv2dProblem& problem) -> std::string {
    for (const Row<Pass>& row : Pass::table()) {
      if (row.device == Device::cuda && (!row.why_not || !row.why_not(problem))) return row.name;
    }
    return "none";
  };
  for (const auto& a_case : cases(static_cast<const Conv2dProblem*>(nullptr))) {
    for (const std::string& name :
         {first.template operator()<Conv2dForward>(a_case.problem),
          first.template operator()<Conv2dBackwardData>(a_case.problem),
          first.template operator()<Conv2dBackwardWeight>(a_case.problem)}) {
      EXPECT_NE(name, "none") << a_case.name;
      EXPECT_EQ(name.find("tf32"), std::string::npos) << a_case.name;
      EXPECT_EQ(name.find("bf16"), std::string::npos) << a_case.name;
    }
  }
}

}  // namespace
}  // namespace hilum::test
