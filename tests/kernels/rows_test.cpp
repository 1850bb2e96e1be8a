// Every row of every pass on every case, against the oracle in double. One test a (pass, row,
// case): "conv2d.forward/cpu2_direct/3x3_same". Rows of the CPU run on each instruction set that
// this machine has and on 1, 2 and 3 threads, rows of device emu in three orders of their threads;
// a row that calls itself deterministic must give the same bits each time. Outputs start as NaN,
// are followed by a guard, and the workspace starts as NaN too.
//
// The error of an output is measured in eps x sum of |terms|, which running the reference with
// Magnitude gives; the largest of each row is kept as a property of the test.
#include <gtest/gtest.h>
#include <omp.h>

#include <cfloat>
#include <string_view>

#include "kernels/device_operands.h"
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

// A workspace full of NaN, with a guard behind it, in the memory of the row's device.
class DirtyWorkspace {
 public:
  DirtyWorkspace(Device device, std::size_t bytes)
      : device_(device), count_((bytes + sizeof(float) - 1) / sizeof(float)) {
    memory_.assign(count_ + 16 + guard_count, std::numeric_limits<float>::quiet_NaN());
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    begin_ = memory_.data() + (64 - address % 64) % 64 / sizeof(float);
    std::fill(begin_ + count_, memory_.data() + memory_.size(), guard_value);
    if (device != Device::cuda) return;
    on_gpu_ = device_allocate(device, size());
    device_copy(device, Way::to_device, on_gpu_, begin_, size());
  }
  ~DirtyWorkspace() {
    if (on_gpu_ != nullptr) device_free(device_, on_gpu_);
  }
  void* data() { return on_gpu_ != nullptr ? on_gpu_ : begin_; }
  bool guard_is_whole() {
    if (on_gpu_ != nullptr) device_copy(device_, Way::to_host, begin_, on_gpu_, size());
    return std::all_of(begin_ + count_, begin_ + count_ + guard_count,
                       [](float v) { return v == guard_value; });
  }

 private:
  std::size_t size() const { return (count_ + guard_count) * sizeof(float); }

  Device device_;
  std::size_t count_;
  std::vector<float> memory_;
  float* begin_ = nullptr;
  void* on_gpu_ = nullptr;
};

// Runs the row once with fresh outputs and a dirty workspace.
template <class Pass>
void run_once(const Row<Pass>& row, const typename Pass::Problem& problem,
              std::vector<OperandData>& operands) {
  for (OperandData& operand : operands) {
    if (!operand.input) reset_output(operand);
  }
  const std::size_t bytes = row.workspace != nullptr ? row.workspace(problem) : 0;
  DirtyWorkspace workspace(row.device, bytes);
  OnDevice copies(row.device, operands);
  Launch launch;
  launch.stream = device_stream(row.device);
  if (row.workspace != nullptr) launch.workspace = workspace.data();
  PassCalls<Pass>::prepare(row, problem, operands);
  PassCalls<Pass>::row(row, launch, problem, operands);
  copies.bring_back();
  ASSERT_TRUE(workspace.guard_is_whole())
      << "wrote past the end of its workspace of " << bytes << " bytes";
}

// The largest error in eps x sum of |terms|; failures are reported with the first bad element.
double compare(const std::vector<OperandData>& got, const std::vector<OperandData>& oracle,
               double tolerance, const std::string& where) {
  double largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i].input) continue;
    const char* name = got[i].spec.name;
    const std::size_t count = got[i].spec.count;
    if (got[i].bytes) {
      EXPECT_EQ(got[i].u8, oracle[i].u8) << where << ": " << name;
      continue;
    }
    for (std::size_t j = 0; j < count; ++j) {
      const double expected = oracle[i].f64[j];
      // What the oracle leaves alone, the row leaves alone.
      if (std::isnan(expected) && std::isnan(got[i].f32[j])) continue;
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
    if (a[i].u8 != b[i].u8) return false;
    if (!a[i].input && !a[i].bytes &&
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
    if (row_.run == nullptr) GTEST_SKIP() << "is not in this build";
    if (const char* reason = why_missing(row_.device)) GTEST_SKIP() << reason;
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
    switch (row_.device) {
      case Device::cpu:
        on_cpu(operands, oracle);
        break;
      case Device::emu:
        on_emu(operands, oracle);
        break;
      case Device::cuda:  // twice, for the same bits
        if (check(operands, oracle, "first")) check(operands, oracle, "again");
        break;
    }
    RecordProperty("error", fmt::format("{:.2f}", largest_));
  }

 private:
  // Runs and compares; false where something was wrong, which is then reported.
  bool check(std::vector<OperandData>& operands, const std::vector<OperandData>& oracle,
             const std::string& how) {
    run_once(row_, case_.problem, operands);
    if (this->HasFatalFailure()) return false;
    const std::string where = fmt::format("{}.{} {} {} ({})", Pass::op, Pass::pass, row_.name,
                                          case_.problem.describe(), how);
    largest_ = std::max(largest_, compare(operands, oracle, row_.tolerance, where));
    if (first_.empty()) {
      first_ = operands;
    } else if (row_.deterministic && !same_bits(first_, operands)) {
      ADD_FAILURE() << where << ": other bits than before";
    }
    return !this->HasFailure();
  }

  void on_cpu(std::vector<OperandData>& operands, const std::vector<OperandData>& oracle) {
    const Isa isa_before = isa();
    const int threads_before = omp_get_max_threads();
    const bool own = std::string_view(row_.name).starts_with("cpu");
    bool well = true;
    for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
      if (candidate > best_isa()) continue;
      if (!own && candidate != best_isa()) continue;
      set_isa(candidate);
      first_.clear();
      for (int threads : {1, 2, 3}) {
        omp_set_num_threads(threads);
        well = well &&
               check(operands, oracle, fmt::format("{} threads {}", isa_name(candidate), threads));
      }
    }
    set_isa(isa_before);
    omp_set_num_threads(threads_before);
  }

  // The order of fibres must not matter: a row that it changes lacks a barrier.
  void on_emu(std::vector<OperandData>& operands, const std::vector<OperandData>& oracle) {
    for (std::uint64_t seed : {0, 1, 2}) {
      set_emu_seed(seed);
      if (!check(operands, oracle, fmt::format("order of threads {}", seed))) break;
    }
    set_emu_seed(0);
  }

  double largest_ = 0;
  std::vector<OperandData> first_;
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
        const std::string name = fmt::format("{}{}__{}", Pass::table()[row].name,
                                             Pass::table()[row].device == Device::emu ? "_emu" : "",
                                             test_name(a_case.name));
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
