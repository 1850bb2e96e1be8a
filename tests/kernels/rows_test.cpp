// Every row of every pass on every case, against the oracle in double. One test a (pass, row,
// case): "conv2d.forward/cpu2_direct/3x3_same". Rows of the CPU run on each instruction set that
// this machine has and on 1 and 2 threads; a row that calls itself deterministic must give the same
// bits on both. Outputs start as NaN, are followed by a guard, and the workspace starts as NaN too.
//
// The error of an output is measured in eps x sum of |terms|, which running the reference with
// Magnitude gives; the largest of each row is kept as a property of the test.
#include <gtest/gtest.h>
#include <omp.h>

#include <cfloat>
#include <string_view>

#include "kernels/isa.h"
#include "kernels/operands.h"
#include "kernels/tables.h"

namespace hilum::test {
namespace {

std::string test_name(std::string text) {
  for (char& c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return text;
}

// Runs the row once with fresh outputs and a dirty workspace.
template <class Pass>
void run_once(const Row<Pass>& row, const typename Pass::Problem& problem,
              std::vector<OperandData>& operands) {
  for (OperandData& operand : operands) {
    if (!operand.input) reset_output(operand);
  }
  Launch launch;
  std::vector<float> memory;
  std::size_t bytes = 0;
  if (row.workspace != nullptr) {
    bytes = row.workspace(problem);
    const std::size_t count = (bytes + sizeof(float) - 1) / sizeof(float);
    memory.assign(count + 16 + guard_count, std::numeric_limits<float>::quiet_NaN());
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    float* aligned = memory.data() + (64 - address % 64) % 64 / sizeof(float);
    std::fill(aligned + count, memory.data() + memory.size(), guard_value);
    launch.workspace = aligned;
  }
  PassCalls<Pass>::row(row, launch, problem, operands);
  if (row.workspace != nullptr) {
    const std::size_t count = (bytes + sizeof(float) - 1) / sizeof(float);
    const float* end = static_cast<const float*>(launch.workspace) + count;
    for (const float* p = end; p < memory.data() + memory.size(); ++p) {
      ASSERT_EQ(*p, guard_value) << "wrote past the end of its workspace of " << bytes << " bytes";
    }
  }
}

// The largest error in eps x sum of |terms|; failures are reported with the first bad element.
double compare(const std::vector<OperandData>& got, const std::vector<OperandData>& oracle,
               double tolerance, const std::string& where) {
  double largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i].input) continue;
    const char* name = got[i].spec.name;
    const std::size_t count = got[i].spec.count;
    for (std::size_t j = 0; j < count; ++j) {
      const double expected = oracle[i].f64[j];
      const double scale = FLT_EPSILON * oracle[i].magnitude[j].magnitude + FLT_MIN;
      const double error = std::fabs(got[i].f32[j] - expected) / scale;
      if (!(error <= tolerance)) {
        ADD_FAILURE() << where << ": " << name << "[" << j << "] is " << got[i].f32[j]
                      << ", the oracle says " << expected << ": off by " << error
                      << " eps x sum of |terms|, allowed are " << tolerance;
        return error;
      }
      largest = std::max(largest, error);
    }
    for (std::size_t j = count; j < count + guard_count; ++j) {
      if (got[i].f32[j] != guard_value) {
        ADD_FAILURE() << where << ": wrote past the end of " << name;
        return largest;
      }
    }
  }
  return largest;
}

bool same_bits(const std::vector<OperandData>& a, const std::vector<OperandData>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a[i].input &&
        std::memcmp(a[i].f32.data(), b[i].f32.data(), a[i].f32.size() * sizeof(float)) != 0) {
      return false;
    }
  }
  return true;
}

template <class Pass>
class RowTest : public testing::Test {
 public:
  RowTest(std::size_t row, Case<typename Pass::Problem> a_case)
      : row_(Pass::table().at(row)), case_(std::move(a_case)) {}

  void TestBody() override {
    const auto& problem = case_.problem;
    if (row_.device != Device::cpu) GTEST_SKIP() << "is for device " << device_name(row_.device);
    if (row_.run == nullptr) GTEST_SKIP() << "is not in this build";
    if (row_.why_not != nullptr && row_.why_not(problem) != nullptr) {
      SUCCEED() << row_.why_not(problem);
      RecordProperty("why_not", row_.why_not(problem));
      return;
    }
    std::vector<OperandData> operands = PassCalls<Pass>::make(problem, 1);
    widen(operands);
    PassCalls<Pass>::template reference<double>(problem, operands);
    PassCalls<Pass>::template reference<Magnitude>(problem, operands);
    const std::vector<OperandData> oracle = operands;

    const Isa isa_before = isa();
    const int threads_before = omp_get_max_threads();
    const bool own = std::string_view(row_.name).starts_with("cpu");
    double largest = 0;
    for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
      if (candidate > best_isa()) continue;
      if (!own && candidate != best_isa()) continue;
      set_isa(candidate);
      std::vector<OperandData> first;
      for (int threads : {1, 2, 3}) {
        omp_set_num_threads(threads);
        const std::string where =
            fmt::format("{}.{} {} {} ({} threads {})", Pass::op, Pass::pass, row_.name,
                        problem.describe(), isa_name(candidate), threads);
        run_once(row_, problem, operands);
        if (HasFatalFailure()) break;
        largest = std::max(largest, compare(operands, oracle, row_.tolerance, where));
        if (threads == 1) {
          first = operands;
        } else if (row_.deterministic && !same_bits(first, operands)) {
          ADD_FAILURE() << where << ": other bits than with one thread";
        }
        if (HasFailure()) break;
      }
      if (HasFailure()) break;
    }
    set_isa(isa_before);
    omp_set_num_threads(threads_before);
    RecordProperty("error", fmt::format("{:.2f}", largest));
  }

 private:
  const Row<Pass>& row_;
  Case<typename Pass::Problem> case_;
};

// Registered when the program starts, from the tables.
const bool registered = [] {
  for_each_pass([]<class Pass>() {
    for (std::size_t row = 0; row < Pass::table().size(); ++row) {
      for (const auto& a_case : cases_of<Pass>()) {
        if (a_case.use == Use::bench) continue;
        const std::string suite = fmt::format("{}_{}", Pass::op, Pass::pass);
        const std::string name =
            fmt::format("{}__{}", Pass::table()[row].name, test_name(a_case.name));
        testing::RegisterTest(
            suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
            [row, a_case]() -> testing::Test* { return new RowTest<Pass>(row, a_case); });
      }
    }
  });
  return true;
}();

// A table that says nothing useful is a mistake in the table.
TEST(Tables, EveryPassEndsInTheReferenceAndNamesItsRowsOnce) {
  for_each_pass([]<class Pass>() {
    ASSERT_FALSE(Pass::table().empty());
    EXPECT_STREQ(Pass::table().back().name, "ref") << Pass::op << "." << Pass::pass;
    for (std::size_t i = 0; i < Pass::table().size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        EXPECT_FALSE(std::string_view(Pass::table()[i].name) == Pass::table()[j].name &&
                     Pass::table()[i].device == Pass::table()[j].device)
            << Pass::op << "." << Pass::pass << " lists " << Pass::table()[i].name << " twice";
      }
    }
    EXPECT_FALSE(cases_of<Pass>().empty());
  });
}

}  // namespace
}  // namespace hilum::test
