// gemm, which has no table: every combination of strides, ragged sizes and numbers of threads,
// against sums in double. Dense layers and convolutions test it only in the forms that they use.
#include "kernels/gemm/gemm.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/isa.h"

namespace hilum::test {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float guard = 77;

// Memory that starts as NaN, aligned to 64 bytes, with a guard behind it.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes) : memory_(bytes / sizeof(float) + 48, nan) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    begin_ = memory_.data() + (64 - address % 64) % 64 / sizeof(float);
    end_ = begin_ + bytes / sizeof(float);
    std::fill(end_, memory_.data() + memory_.size(), guard);
  }
  void* data() { return begin_; }
  bool guarded() const {
    for (const float* p = end_; p < memory_.data() + memory_.size(); ++p) {
      if (*p != guard) return false;
    }
    return true;
  }

 private:
  std::vector<float> memory_;
  float *begin_, *end_;
};

// A rows x columns matrix of random numbers, stored in one of three ways.
struct Matrix {
  std::vector<float> values;
  MatrixView view{};

  Matrix(std::size_t rows, std::size_t columns, unsigned how, std::mt19937& random)
      : values(2 * rows * columns) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (float& v : values) v = uniform(random);
    if (how == 0) view = {values.data(), columns, 1};      // row-major
    if (how == 1) view = {values.data(), 1, rows};         // column-major
    if (how == 2) view = {values.data(), 2 * columns, 2};  // every second element
  }
  double at(std::size_t i, std::size_t j) const { return values[i * view.row + j * view.column]; }
};

void check(std::size_t m, std::size_t n, std::size_t k, unsigned how, std::mt19937& random) {
  SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k) + " way " +
               std::to_string(how) + " " + isa_name(isa()));
  const Matrix a(m, k, how % 3, random), b(k, n, how / 3 % 3, random);
  const bool accumulate = how / 9 % 2 == 1;
  const std::size_t c_row = n + how % 4;
  const std::vector<float> before(m * c_row, 0.5f);
  std::vector<float> first;
  for (int threads : {0, 1, 2, 3}) {  // 0: gemm_one_thread
    std::vector<float> c = before;
    const GemmProblem problem{m, n, k, a.view, b.view, c.data(), c_row, accumulate};
    if (threads == 0) {
      Workspace workspace(gemm_workspace_one_thread(m, n, k));
      gemm_one_thread(problem, workspace.data());
      ASSERT_TRUE(workspace.guarded()) << "wrote past its workspace";
      first = c;
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < c_row; ++j) {
          double expected = accumulate || j >= n ? 0.5 : 0, magnitude = 0.5;
          for (std::size_t p = 0; j < n && p < k; ++p) {
            expected += a.at(i, p) * b.at(p, j);
            magnitude += std::fabs(a.at(i, p) * b.at(p, j));
          }
          ASSERT_NEAR(c[i * c_row + j], expected, 4 * FLT_EPSILON * magnitude)
              << "at " << i << ", " << j;
        }
      }
    } else {
      omp_set_num_threads(threads);
      Workspace workspace(gemm_workspace(m, n, k));
      gemm(problem, workspace.data());
      ASSERT_TRUE(workspace.guarded()) << "wrote past its workspace, threads " << threads;
      ASSERT_EQ(c, first) << "other bits with threads " << threads;
    }
  }
}

TEST(Gemm, AnyShapeAndStride) {
  const Isa isa_before = isa();
  const int threads_before = omp_get_max_threads();
  for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (candidate > best_isa()) continue;
    set_isa(candidate);
    std::mt19937 random(1);
    for (unsigned how = 0; how < 72 && !HasFatalFailure(); ++how) {
      check(1 + random() % 60, 1 + random() % 90, random() % 40, how, random);
    }
    for (unsigned how = 0; how < 18 && !HasFatalFailure(); ++how) {
      check(1 + random() % 30, 1 + random() % 70, random() % 600, how, random);
    }
    // Wider than a block of B; a sum deeper than a block; both cut differently by each number of
    // threads.
    for (unsigned how = 0; how < 4 && !HasFatalFailure(); ++how) {
      check(9 + how, 1000 + 20 * how, 270, how, random);
      check(5 + how, 96 + how, 3000, 5 * how, random);
    }
  }
  set_isa(isa_before);
  omp_set_num_threads(threads_before);
}

}  // namespace
}  // namespace hilum::test
