// A large result is written around the caches where it lies on the registers' natural borders, and
// through them where it does not: both ways give the same bits, in every row and instruction set.
#include "kernels/around.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernels/batch_norm_fused/batch_norm_fused.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/isa.h"
#include "tests/kernels/host_rows.h"

namespace hilum::test {
namespace {

// Memory whose first float lies `off` floats behind a border of 64 bytes.
class Placed {
 public:
  Placed(std::size_t count, std::size_t off) : all_(count + 32), off_(off) {}
  float* data() {
    const auto address = reinterpret_cast<std::uintptr_t>(all_.data()) / sizeof(float);
    return all_.data() + (16 - address % 16) % 16 + off_;
  }

 private:
  std::vector<float> all_;
  std::size_t off_;
};

std::vector<float> numbers(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(i * 2654435761u % 1024) / 512 - 1;
  }
  return values;
}

// `write(row, result)` for every CPU row of the pass and instruction set, twice.
template <class Pass, class Write>
void expect_same_bits(const typename Pass::Problem& problem, std::size_t count, std::size_t pitch,
                      Write write) {
  const Isa before = isa();
  for (const Row<Pass>& row : Pass::table()) {
    if (row.device != Device::cpu || why_not(row, Device::cpu, problem) != nullptr) continue;
    if (std::string_view(row.name).starts_with("onednn")) continue;
    for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
      if (!makes_a_difference(row, candidate)) continue;
      set_isa(candidate);
      Placed around(count, 0), through(count, 1);
      ASSERT_TRUE(goes_around(around.data(), count, pitch, pitch));
      ASSERT_FALSE(goes_around(through.data(), count, pitch, pitch));
      write(row, around.data());
      write(row, through.data());
      EXPECT_EQ(std::memcmp(around.data(), through.data(), count * sizeof(float)), 0)
          << row.name << " " << isa_name(candidate) << " of " << problem.describe();
    }
  }
  set_isa(before);
}

void check_forward(const Conv2dProblem& a) {
  const std::vector<float> x = numbers(a.x_count()), w = numbers(a.w_count());
  const float *x_data = x.data(), *w_data = w.data();
  expect_same_bits<Conv2dForward>(
      a, a.y_count(), a.k,
      [&](const Row<Conv2dForward>& row, float* y) { run_row(row, a, x_data, w_data, y); });
}

TEST(Around, ConvolutionsOfOnePixel) { check_forward({1, 170, 171, 5, 80, 1, 1}); }

TEST(Around, ConvolutionsOfThree) { check_forward({1, 170, 171, 16, 80, 3, 3, 1, 1, 1, 1}); }

TEST(Around, TheirGradients) {
  const Conv2dProblem a{1, 170, 171, 80, 16, 3, 3, 1, 1, 1, 1};
  const std::vector<float> dy = numbers(a.y_count()), w = numbers(a.w_count());
  const float *dy_data = dy.data(), *w_data = w.data();
  expect_same_bits<Conv2dBackwardData>(
      a, a.x_count(), a.c,
      [&](const Row<Conv2dBackwardData>& row, float* dx) { run_row(row, a, w_data, dy_data, dx); });
}

TEST(Around, BatchNorm) {
  BatchNormFusedProblem a;
  a.rows = 30000, a.c = 80, a.shortcut = true;
  const std::vector<float> x = numbers(a.x_count()), shortcut = numbers(a.x_count());
  const std::vector<float> gamma = numbers(a.c), mean = numbers(a.c), scale(a.c, 1.5f);
  expect_same_bits<BatchNormFusedRebuild>(a, a.x_count(), a.c,
                                          [&](const Row<BatchNormFusedRebuild>& row, float* y) {
                                            run_row(row, a, x.data(), gamma.data(), mean.data(),
                                                    shortcut.data(), mean.data(), scale.data(), y);
                                          });
}

}  // namespace
}  // namespace hilum::test
