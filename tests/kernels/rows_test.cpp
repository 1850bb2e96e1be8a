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

#include "kernels/any_pass.h"
#include "kernels/device_operands.h"
#include "kernels/isa.h"

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

// Runs a row of the device once with fresh outputs and a dirty workspace.
void run_once(const AnyCase& a_case, std::size_t row, Device device,
              std::vector<OperandData>& operands) {
  for (OperandData& operand : operands) {
    if (!operand.input) reset_output(operand);
  }
  const std::size_t bytes = a_case.workspace_bytes(row);
  DirtyWorkspace workspace(device, bytes);
  OnDevice copies(device, operands);
  Launch launch;
  launch.stream = device_stream(device);
  if (bytes != 0) launch.workspace = workspace.data();
  a_case.prepare(row, operands);
  a_case.run(row, launch, operands);
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

class RowTest : public testing::Test {
 public:
  RowTest(const AnyPass& pass, std::size_t row, const AnyCase& a_case)
      : pass_(pass), index_(row), row_(pass.rows[row]), case_(a_case) {}

  void TestBody() override {
    if (!row_.in_this_build) GTEST_SKIP() << "is not in this build";
    if (const char* reason = why_missing(row_.device)) GTEST_SKIP() << reason;
    if (const char* reason = case_.why_never(index_)) {
      SUCCEED() << reason;
      RecordProperty("why_not", reason);
      return;
    }
    std::vector<OperandData> operands = case_.make(1);
    run_oracle(case_, operands);
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
    run_once(case_, index_, row_.device, operands);
    if (this->HasFatalFailure()) return false;
    const std::string where =
        fmt::format("{} {} {} ({})", pass_.name(), row_.name, case_.describe(), how);
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
  const AnyPass& pass_;
  std::size_t index_;
  const AnyRow& row_;
  const AnyCase& case_;
};

// Registered when the program starts, from the tables.
const bool registered = [] {
  for (const AnyPass& pass : all_passes()) {
    const std::string suite = fmt::format("{}_{}", pass.op, pass.pass);
    for (std::size_t row = 0; row < pass.rows.size(); ++row) {
      for (const auto& a_case : pass.cases) {
        if (a_case->use == Use::bench) continue;
        const std::string name = fmt::format("{}{}__{}", pass.rows[row].name,
                                             pass.rows[row].device == Device::emu ? "_emu" : "",
                                             test_name(a_case->name));
        testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                              [&pass, row, &a_case = *a_case]() -> testing::Test* {
                                return new RowTest(pass, row, a_case);
                              });
      }
    }
  }
  return true;
}();

// A table that says nothing useful is a mistake in the table.
TEST(Tables, EveryPassEndsInTheReferenceAndNamesItsRowsOnce) {
  for (const AnyPass& pass : all_passes()) {
    ASSERT_FALSE(pass.rows.empty());
    EXPECT_STREQ(pass.rows.back().name, "ref") << pass.name();
    for (std::size_t i = 0; i < pass.rows.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        EXPECT_FALSE(std::string_view(pass.rows[i].name) == pass.rows[j].name &&
                     pass.rows[i].device == pass.rows[j].device)
            << pass.name() << " lists " << pass.rows[i].name << " twice";
      }
    }
    EXPECT_FALSE(pass.cases.empty());
  }
}

}  // namespace
}  // namespace hilum::test
