// global_avg_pool: problem, costs and the tables of its rows, best first.
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/global_avg_pool/global_avg_pool.h"
#include "kernels/global_avg_pool/ref.h"
#include "kernels/global_avg_pool/rows.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string GlobalAvgPoolProblem::describe() const {
  return fmt::format("{}x{}x{}x{}", n, h, w, c);
}

void check(const GlobalAvgPoolProblem& a) {
  if (a.n == 0 || a.h == 0 || a.w == 0 || a.c == 0) {
    throw usage_error("global_avg_pool {}: a size is zero.", a.describe());
  }
}

namespace {
Cost mean_cost(const GlobalAvgPoolProblem& a) {
  return {static_cast<double>(a.x_count()), 4.0 * static_cast<double>(a.x_count() + a.y_count())};
}
}  // namespace

std::vector<Operand> GlobalAvgPoolForward::operands(const Problem& a) {
  return {{"x", a.x_count()}, {"y", a.y_count()}};
}
std::vector<Operand> GlobalAvgPoolBackward::operands(const Problem& a) {
  return {{"dy", a.y_count()}, {"dx", a.x_count()}};
}
Cost GlobalAvgPoolForward::cost(const Problem& a) { return mean_cost(a); }
Cost GlobalAvgPoolBackward::cost(const Problem& a) { return mean_cost(a); }

const Table<GlobalAvgPoolForward>& GlobalAvgPoolForward::table() {
  static const Table<GlobalAvgPoolForward> rows = {
      {"cpu1", Device::cpu, nullptr, global_avg_pool_forward_cpu1},
      HILUM_CUDA_ROWS(GlobalAvgPoolForward, "cuda1"),
      ref_row<GlobalAvgPoolForward>(),
  };
  return rows;
}

const Table<GlobalAvgPoolBackward>& GlobalAvgPoolBackward::table() {
  static const Table<GlobalAvgPoolBackward> rows = {
      {"cpu1", Device::cpu, nullptr, global_avg_pool_backward_cpu1},
      HILUM_CUDA_ROWS(GlobalAvgPoolBackward, "cuda1"),
      ref_row<GlobalAvgPoolBackward>(),
  };
  return rows;
}

}  // namespace hilum
