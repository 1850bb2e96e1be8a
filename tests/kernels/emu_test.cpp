// Device emu itself: barriers, warps, atomics, tensor cores, and that it catches what it is there
// to catch. The kernels here are compiled against emu.h, with emu.cpp linked into this program.
#include <gtest/gtest.h>

#ifndef HILUM_HAVE_EMU
TEST(Emu, All) { GTEST_SKIP() << "device emu is not in this build"; }
#else

#include <numeric>
#include <random>
#include <vector>

#include "kernels/device_objects.h"
#include "kernels/error.h"
#include "kernels/tensor_core.h"

namespace hilum::test {
namespace {

// Sums of blocks of 256 by a tree in shared memory; without its barriers it is wrong.
template <bool barriers>
__global__ void tree_sum(const float* x, float* sums) {
  __shared__ float partial[256];
  const unsigned i = threadIdx.x;
  partial[i] = x[blockIdx.x * 256 + i];
  for (unsigned width = 128; width > 0; width /= 2) {
    if (barriers) __syncthreads();
    if (i < width) partial[i] += partial[i + width];
  }
  if (i == 0) sums[blockIdx.x] = partial[0];
}

// The same within a warp, through memory: what __syncwarp() is for.
template <bool barriers>
__global__ void reverse_in_warp(const float* x, float* y) {
  float* row = dynamic_shared<float>() + threadIdx.x / 32 * 32;
  row[threadIdx.x % 32] = x[threadIdx.x];
  if (barriers) __syncwarp();
  y[threadIdx.x] = row[31 - threadIdx.x % 32];
}

std::vector<float> some_numbers(std::size_t count) {
  std::mt19937 random(3);
  std::uniform_int_distribution<int> whole(-8, 8);  // sums are exact in any order
  std::vector<float> numbers(count);
  for (float& v : numbers) v = static_cast<float>(whole(random));
  return numbers;
}

template <bool barriers>
bool tree_sum_is_right() {
  const std::vector<float> x = some_numbers(1024);
  std::vector<float> sums(4, NAN);
  launch<tree_sum<barriers> >({}, 4, 256, 0, x.data(), sums.data());
  bool right = true;
  for (int b = 0; b < 4; ++b) {
    right = right && sums[b] == std::accumulate(&x[b * 256], &x[b * 256] + 256, 0.0f);
  }
  return right;
}

template <bool barriers>
bool reverse_is_right() {
  const std::vector<float> x = some_numbers(96);
  std::vector<float> y(96, NAN);
  launch<reverse_in_warp<barriers> >({}, 1, 96, 96 * sizeof(float), x.data(), y.data());
  bool right = true;
  for (int i = 0; i < 96; ++i) right = right && y[i] == x[i / 32 * 32 + 31 - i % 32];
  return right;
}

class EmuOrders : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { hilum_emu_set_seed(GetParam()); }
  void TearDown() override { hilum_emu_set_seed(0); }
};

TEST_P(EmuOrders, BarriersAreNeededAndEnough) {
  EXPECT_TRUE(tree_sum_is_right<true>());
  EXPECT_FALSE(tree_sum_is_right<false>());
  EXPECT_TRUE(reverse_is_right<true>());
  EXPECT_FALSE(reverse_is_right<false>());
}

__global__ void warp_functions(unsigned* out) {
  const unsigned i = threadIdx.x, lane = i % 32;
  unsigned* mine = out + i * 8;
  mine[0] = __shfl_sync(0xFFFFFFFFu, i, 5);
  mine[1] = __shfl_down_sync(0xFFFFFFFFu, i, 3);
  mine[2] = __shfl_up_sync(0xFFFFFFFFu, i, 2, 16);
  mine[3] = __shfl_xor_sync(0xFFFFFFFFu, i, 9);
  mine[4] = __ballot_sync(0xFFFFFFFFu, lane % 3 == 0);
  mine[5] = __any_sync(0xFFFFFFFFu, i == 40) * 2 + __all_sync(0xFFFFFFFFu, i >= 32);
  // Two halves of the warp, each by itself, the lower one twice as often.
  const unsigned half = lane < 16 ? 0x0000FFFFu : 0xFFFF0000u;
  unsigned sum = i;
  for (int round = 0; round < (lane < 16 ? 4 : 2); ++round) {
    sum += __shfl_xor_sync(half, sum, 1 << round);
  }
  mine[6] = sum;
  mine[7] = __shfl_xor_sync(0xFFFFFFFFu, lane, 16);
}

TEST_P(EmuOrders, WarpFunctions) {
  std::vector<unsigned> out(64 * 8);
  launch<warp_functions>({}, 1, 64, 0, out.data());
  for (unsigned i = 0; i < 64; ++i) {
    const unsigned* mine = &out[i * 8];
    const unsigned lane = i % 32, base = i - lane, quad = i / 4 * 4;
    EXPECT_EQ(mine[0], base + 5);
    EXPECT_EQ(mine[1], lane + 3 < 32 ? i + 3 : i);
    EXPECT_EQ(mine[2], lane % 16 >= 2 ? i - 2 : i);
    EXPECT_EQ(mine[3], base + (lane ^ 9));
    EXPECT_EQ(mine[4], 0x49249249u);
    EXPECT_EQ(mine[5], i < 32 ? 0u : 3u);
    EXPECT_EQ(mine[6], lane < 16 ? base * 16 + 120 : quad * 4 + 6);
    EXPECT_EQ(mine[7], lane ^ 16);
  }
}

__global__ void count_in(unsigned* total, float* largest) {
  __shared__ unsigned here;
  if (threadIdx.x == 0) here = 0;
  __syncthreads();
  atomicAdd(&here, threadIdx.x);
  atomicMax(largest, static_cast<float>(blockIdx.x));
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(total, here);
}

TEST_P(EmuOrders, Atomics) {
  unsigned total = 0;
  float largest = -1;
  launch<count_in>({}, 50, 100, 0, &total, &largest);
  EXPECT_EQ(total, 50u * 4950);
  EXPECT_EQ(largest, 49);
}

// d = a b + d of 16 x depth by depth x 8, fragments as the head of tensor_core.h has them.
template <bool bf16>
__global__ void multiply(const float* a, const float* b, float* d) {
  constexpr int depth = bf16 ? 16 : 8;
  const int g = threadIdx.x / 4, t = threadIdx.x % 4;
  std::uint32_t fa[4], fb[2];
  float fd[4];
  for (int i = 0; i < 4; ++i) {
    const int row = g + i % 2 * 8;
    if constexpr (bf16) {
      const float* pair = a + row * depth + 2 * t + i / 2 * 8;
      fa[i] = pack_bf16(pair[0], pair[1]);
    } else {
      fa[i] = to_tf32(a[row * depth + t + i / 2 * 4]);
    }
  }
  for (int i = 0; i < 2; ++i) {
    if constexpr (bf16) {
      const float* pair = b + (2 * t + i * 8) * 8 + g;
      fb[i] = pack_bf16(pair[0], pair[8]);
    } else {
      fb[i] = to_tf32(b[(t + i * 4) * 8 + g]);
    }
  }
  for (int i = 0; i < 4; ++i) fd[i] = d[(g + i / 2 * 8) * 8 + 2 * t + i % 2];
  if constexpr (bf16) {
    mma_bf16(fd, fa, fb);
  } else {
    mma_tf32(fd, fa, fb);
  }
  for (int i = 0; i < 4; ++i) d[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = fd[i];
}

template <bool bf16>
void expect_product() {
  constexpr int depth = bf16 ? 16 : 8;
  const std::vector<float> a = some_numbers(16 * depth), b = some_numbers(depth * 8);
  std::vector<float> d = some_numbers(16 * 8), expected = d;
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      for (int k = 0; k < depth; ++k) {
        expected[row * 8 + column] += a[row * depth + k] * b[k * 8 + column];
      }
    }
  }
  launch<multiply<bf16> >({}, 1, 32, 0, a.data(), b.data(), d.data());
  EXPECT_EQ(d, expected);
}

TEST_P(EmuOrders, TensorCores) {
  expect_product<false>();
  expect_product<true>();
}

// The pair as ldmatrix hands it out, and a copy that is waited for too early or not.
__global__ void shared_tricks(const std::uint16_t* x, std::uint32_t* straight,
                              std::uint32_t* turned, std::uint32_t* late) {
  __shared__ __align__(16) std::uint16_t tile[4 * 8 * 8];
  const unsigned lane = threadIdx.x;
  std::uint16_t* row = tile + lane * 8;
  for (int i = 0; i < 8; ++i) row[i] = 7;
  copy_async<16>(row, x + lane * 8);
  copy_async_commit();
  late[lane * 2] = row[0];
  copy_async_wait<1>();
  late[lane * 2 + 1] = row[0];
  copy_async_wait<0>();
  __syncwarp();
  std::uint32_t word[4];
  load_matrices(word, row);
  for (int i = 0; i < 4; ++i) straight[lane * 4 + i] = word[i];
  load_matrices_transposed(word, row);
  for (int i = 0; i < 4; ++i) turned[lane * 4 + i] = word[i];
}

TEST_P(EmuOrders, BackgroundCopiesAndMatrixLoads) {
  std::vector<std::uint16_t> x(256);
  std::iota(x.begin(), x.end(), std::uint16_t{100});
  std::vector<std::uint32_t> straight(128), turned(128), late(64);
  launch<shared_tricks>({}, 1, 32, 0, x.data(), straight.data(), turned.data(), late.data());
  EXPECT_EQ(late, std::vector<std::uint32_t>(64, 7));
  for (unsigned lane = 0; lane < 32; ++lane) {
    const unsigned g = lane / 4, t = lane % 4;
    for (unsigned i = 0; i < 4; ++i) {
      auto at = [&](unsigned r, unsigned c) { return std::uint32_t{x[i * 64 + r * 8 + c]}; };
      EXPECT_EQ(straight[lane * 4 + i], at(g, 2 * t) | at(g, 2 * t + 1) << 16);
      EXPECT_EQ(turned[lane * 4 + i], at(2 * t, g) | at(2 * t + 1, g) << 16);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, EmuOrders, testing::Values(0, 1, 2, 3));

TEST(Emu, Rounding) {
  EXPECT_EQ(to_tf32(1.0f), 0x3F800000u);
  EXPECT_EQ(to_tf32(1.0f + 0x1p-11f), 0x3F800000u);  // a tie goes to even
  EXPECT_EQ(to_tf32(1.0f + 0x1.8p-10f), 0x3F804000u);
  EXPECT_EQ(to_tf32(-1.0f - 0x1p-12f), 0xBF800000u);
  EXPECT_EQ(pack_bf16(1.0f + 0x1p-8f, 1.0f + 3 * 0x1p-8f), 0x3F823F80u);  // ties go to even
  EXPECT_EQ(pack_bf16(NAN, INFINITY), 0x7F807FFFu);
}

__global__ void two_barriers(int) {
  if (threadIdx.x < 5) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
__global__ void lost_lane(int) {
  if (threadIdx.x != 7) __shfl_sync(0xFFFFFFFFu, 1, 0);
}
__global__ void early_return(float* y) {
  if (threadIdx.x >= 40) return;
  __syncthreads();
  y[threadIdx.x] = 1;
}
__global__ void foreign_mask(int) { __syncwarp(1); }

template <auto kernel>
std::string error_of() {
  try {
    launch<kernel>({}, 2, 64, 0, 0);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Emu, ThreadsThatWaitForEverAreAnErrorWithTheLine) {
  EXPECT_NE(error_of<two_barriers>().find("different barriers, emu_test.cpp:"), std::string::npos)
      << error_of<two_barriers>();
  EXPECT_NE(error_of<lost_lane>().find("lost_lane: 31 of 64 threads wait for ever"),
            std::string::npos)
      << error_of<lost_lane>();
  EXPECT_NE(error_of<foreign_mask>().find("lacks it"), std::string::npos);
  std::vector<float> y(64, 0);
  launch<early_return>({}, 1, 64, 0, y.data());  // a returned thread is not waited for
  EXPECT_EQ(std::accumulate(y.begin(), y.end(), 0.0f), 40);
  EXPECT_TRUE(tree_sum_is_right<true>());  // and all goes on after an error
  EXPECT_THROW((launch<two_barriers>({}, 1, 2048, 0, 0)), Error);
}

}  // namespace
}  // namespace hilum::test

#endif
