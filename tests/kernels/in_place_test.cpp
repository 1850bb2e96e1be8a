// Operations whose headers allow an output to lie on an input give the same bits when it does: on
// each instruction set and on device emu, for sizes with and without a ragged end.
#include <gtest/gtest.h>

#include <cstring>

#include "kernels/isa.h"
#include "kernels/operands.h"
#include "kernels/tables.h"
#include "tests/kernels/host_rows.h"

namespace hilum::test {
namespace {

struct Shared {
  std::string output, input;
};

OperandData& named(std::vector<OperandData>& all, const std::string& name) {
  for (OperandData& operand : all) {
    if (name == operand.spec.name) return operand;
  }
  throw std::logic_error("no operand " + name);
}

// The operand's own memory, or the input's that it is to lie on where that is not absent.
template <class Pointer>
Pointer pointer_of(std::vector<OperandData>& all, std::size_t index,
                   const std::vector<Shared>& pairs) {
  for (const Shared& pair : pairs) {
    if (pair.output == all[index].spec.name && named(all, pair.input).spec.count > 0) {
      return pointer_to<Pointer, float>(named(all, pair.input));
    }
  }
  return pointer_to<Pointer, float>(all[index]);
}

template <class Pass, class... Pointers>
void run_shared(const Row<Pass>& row, const typename Pass::Problem& problem, const Launch& launch,
                std::vector<OperandData>& all, const std::vector<Shared>& pairs,
                void (*)(const Launch&, const typename Pass::Problem&, Pointers...)) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    row.run(launch, problem, pointer_of<Pointers>(all, I, pairs)...);
  }
  (std::index_sequence_for<Pointers...>{});
}

// Every row of the pass on its test cases `of` interest, apart and with shared memory.
template <class Pass>
void expect_same_in_place(
    const std::vector<Shared>& pairs,
    bool (*of)(const typename Pass::Problem&) = [](const auto&) { return true; }) {
  const Isa before = isa();
  for (const auto& a_case : cases_of<Pass>()) {
    if (a_case.use == Use::bench || !of(a_case.problem)) continue;
    for (const Row<Pass>& row : Pass::table()) {
      if (!takes_host_memory(row)) continue;
      for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
        if (!makes_a_difference(row, candidate)) continue;
        set_isa(candidate);
        const Workspace workspace = workspace_for(row, a_case.problem);
        Launch launch;
        launch.workspace = workspace.data();
        std::vector<OperandData> apart = PassCalls<Pass>::make(a_case.problem, 3), shared = apart;
        PassCalls<Pass>::row(row, launch, a_case.problem, apart);
        run_shared<Pass>(row, a_case.problem, launch, shared, pairs, typename Pass::Function{});
        for (const Shared& pair : pairs) {
          const OperandData &expected = named(apart, pair.output), &got = named(shared, pair.input);
          if (expected.spec.count == 0 || got.spec.count == 0) continue;  // absent
          EXPECT_EQ(
              std::memcmp(expected.f32.data(), got.f32.data(), expected.spec.count * sizeof(float)),
              0)
              << Pass::op << "." << Pass::pass << " " << row.name << " " << isa_name(candidate)
              << " " << a_case.name << ": " << pair.output << " on " << pair.input;
        }
      }
    }
  }
  set_isa(before);
}

TEST(InPlace, Relu) {
  expect_same_in_place<ReluForward>({{"y", "x"}});
  expect_same_in_place<ReluBackward>({{"dx", "dy"}});
}
TEST(InPlace, Sigmoid) {
  expect_same_in_place<SigmoidForward>({{"y", "x"}});
  expect_same_in_place<SigmoidBackward>({{"dx", "dy"}});
}
TEST(InPlace, Add) {
  expect_same_in_place<AddForward>({{"y", "a"}});
  expect_same_in_place<AddForward>({{"y", "b"}});
}
TEST(InPlace, Bias) { expect_same_in_place<BiasForward>({{"y", "x"}}); }
TEST(InPlace, Dropout) {
  expect_same_in_place<DropoutForward>({{"y", "x"}});
  expect_same_in_place<DropoutBackward>({{"dx", "dy"}});
}
TEST(InPlace, Softmax) { expect_same_in_place<SoftmaxForward>({{"y", "x"}}); }
TEST(InPlace, Sgd) { expect_same_in_place<SgdStep>({{"w_out", "w"}, {"v_out", "v"}}); }
TEST(InPlace, Adam) {
  expect_same_in_place<AdamStep>({{"w_out", "w"}, {"m_out", "m"}, {"v_out", "v"}});
  expect_same_in_place<AdamStepAll>({{"w_out", "w"}, {"m_out", "m"}, {"v_out", "v"}});
}
TEST(InPlace, BatchNorm) {
  expect_same_in_place<BatchNormInference>({{"y", "x"}});
  expect_same_in_place<BatchNormInferenceBackward>({{"dx", "dy"}});
}
TEST(InPlace, BatchNormFused) {
  expect_same_in_place<BatchNormFusedForward>({{"y", "shortcut"}});
  expect_same_in_place<BatchNormFusedRebuild>({{"y", "shortcut"}});
  expect_same_in_place<BatchNormFusedBackward>({{"dshortcut", "dy"}});
  expect_same_in_place<BatchNormFusedBackward>(
      {{"dx", "dy"}}, [](const auto& a) { return !a.shortcut && a.y_row() == a.c; });
}
TEST(InPlace, ChannelAffine) {
  expect_same_in_place<ChannelAffineInference>(
      {{"y", "x"}}, [](const auto& a) { return a.x_pitch == a.y_pitch; });
}

}  // namespace
}  // namespace hilum::test
