// conv2d, CUDA: which tile a product is cut into follows from its size, and a test's problems are
// small. Here every tile of every product runs all passes on one problem, with slices, compiled
// against emu.h; and the cut itself is held to what it promises. Whole numbers are exact in every
// precision, in any order.
#include <gtest/gtest.h>

#ifndef HILUM_HAVE_EMU
TEST(Conv2dTiles, All) { GTEST_SKIP() << "device emu is not in this build"; }
#else

#include <random>
#include <set>

#include "kernels/conv2d/cases.h"
#include "kernels/conv2d/cuda4_passes.h"
#include "kernels/conv2d/cuda5_product.h"
#include "kernels/conv2d/ref.h"
#include "kernels/device_objects.h"

namespace hilum::test {
namespace {

// One tile of a plan; so slow by its own estimate that depth is always cut.
template <class Plan, std::size_t i>
struct Only {
  static constexpr std::size_t vector = Plan::vector;
  static constexpr Tile tiles[] = {{Plan::tiles[i].m, Plan::tiles[i].n, 1e-3, 1}};
};

std::vector<float> whole_numbers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> whole(-3, 3);
  std::vector<float> numbers(count);
  for (float& v : numbers) v = static_cast<float>(whole(random));
  return numbers;
}
std::vector<double> wide(const std::vector<float>& x) { return {x.begin(), x.end()}; }

// Two tiles each way, the second ragged, and channels that fill no piece of 8.
constexpr Conv2dProblem problem = {1, 13, 15, 36, 140, 3, 3, 1, 1, 1, 1};
static_assert(13 * 15 > 128 && 13 * 15 % 64 != 0 && 140 > 128 && 140 % 64 != 0);

template <class Product>
void expect_exact(const char* what) {
  const Conv2dProblem& a = problem;
  const std::vector<float> x = whole_numbers(a.x_count(), 1), w = whole_numbers(a.w_count(), 2),
                           dy = whole_numbers(a.y_count(), 3);
  std::vector<double> y64(a.y_count()), dx64(a.x_count()), dw64(a.w_count());
  Conv2dForward::reference<double>(a, wide(x).data(), wide(w).data(), y64.data());
  Conv2dBackwardData::reference<double>(a, wide(w).data(), wide(dy).data(), dx64.data());
  Conv2dBackwardWeight::reference<double>(a, wide(x).data(), wide(dy).data(), dw64.data());
  using Plan = typename Product::Plan;
  std::vector<float> memory(
      std::max({implicit_forward_workspace<Plan>(a), implicit_backward_data_workspace<Plan>(a),
                implicit_backward_weight_workspace<Plan>(a)}) /
          sizeof(float) +
      32);
  Launch on;
  on.workspace =
      reinterpret_cast<void*>(ceil_to(reinterpret_cast<std::uintptr_t>(memory.data()), 64));
  auto expect = [&](const char* pass, const std::vector<float>& got,
                    const std::vector<double>& expected) {
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i], expected[i]) << what << ", " << pass << "[" << i << "]";
    }
  };
  std::vector<float> y(a.y_count(), NAN), dx(a.x_count(), NAN), dw(a.w_count(), NAN);
  std::fill(memory.begin(), memory.end(), NAN);
  implicit_forward<Product>(on, a, x.data(), w.data(), y.data());
  expect("y", y, y64);
  std::fill(memory.begin(), memory.end(), NAN);
  implicit_backward_data<Product>(on, a, w.data(), dy.data(), dx.data());
  expect("dx", dx, dx64);
  std::fill(memory.begin(), memory.end(), NAN);
  implicit_backward_weight<Product>(on, a, x.data(), dy.data(), dw.data());
  expect("dw", dw, dw64);
}

template <std::size_t i>
void expect_tile_exact() {
  expect_exact<FloatProduct<Only<FloatPlan, i> > >("float");
  expect_exact<TensorProduct<Tf32, Only<Tf32Plan, i> > >("TF32");
  expect_exact<TensorProduct<Bf16, Only<Bf16Plan, i> > >("bf16");
}

TEST(Conv2dTiles, EveryTileOfEveryProductIsExact) {
  static_assert(std::size(FloatPlan::tiles) == 3 && std::size(Tf32Plan::tiles) == 3 &&
                std::size(Bf16Plan::tiles) == 3);
  hilum_emu_set_seed(1);
  expect_tile_exact<0>();
  expect_tile_exact<1>();
  expect_tile_exact<2>();
  hilum_emu_set_seed(0);
}

// Slices cover the depth, each with something to do; and all tiles and slices come up on layers.
TEST(Conv2dTiles, TheCutCoversTheProduct) {
  std::set<std::pair<int, int> > tiles_seen;
  bool whole = false, sliced = false;
  for (const auto& [name, a, use] : cases(static_cast<const Conv2dProblem*>(nullptr))) {
    for (const Cut& cut : {cut_forward<FloatPlan>(a), cut_backward_weight<FloatPlan>(a),
                           cut_forward<Tf32Plan>(a), cut_backward_weight<Bf16Plan>(a)}) {
      EXPECT_EQ(cut.slice_depth % 32, 0) << name;
      EXPECT_GE(cut.slices * cut.slice_depth, cut.depth) << name;
      EXPECT_LT((cut.slices - 1) * cut.slice_depth, cut.depth) << name;
      EXPECT_TRUE(cut.sliced || cut.slices == 1) << name;
      tiles_seen.insert({cut.tile_m, cut.tile_n});
      (cut.slices == 1 ? whole : sliced) = true;
    }
  }
  EXPECT_EQ(tiles_seen.size(), std::size(FloatPlan::tiles));
  EXPECT_TRUE(whole && sliced);
}

// A layer of 14 x 14 pixels has too few large tiles for 132 multiprocessors: it is cut smaller.
TEST(Conv2dTiles, LateLayersFillTheMachine) {
  for (const Conv2dProblem& a : {Conv2dProblem{32, 14, 14, 256, 256, 3, 3, 1, 1, 1, 1},
                                 {32, 7, 7, 2048, 512, 1, 1},
                                 {32, 7, 7, 512, 512, 3, 3, 1, 1, 1, 1}}) {
    for (const Cut& cut : {cut_forward<FloatPlan>(a), cut_forward<Tf32Plan>(a)}) {
      const dim3 grid = grid_of(cut, 1);
      const unsigned blocks = grid.x * grid.z;
      const double rounds = std::ceil(blocks / 132.0);
      EXPECT_GT(blocks / (132 * rounds), 0.75) << a.describe() << ": " << blocks << " blocks";
    }
  }
}

}  // namespace
}  // namespace hilum::test

#endif
