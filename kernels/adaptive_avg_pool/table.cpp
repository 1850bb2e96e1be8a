// adaptive_avg_pool: problem, costs and the tables of its rows, best first.
#include "kernels/adaptive_avg_pool/ref.h"
#include "kernels/adaptive_avg_pool/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string AdaptiveAvgPoolProblem::describe() const {
  return fmt::format("{}x{}x{}x{} to {}x{}", n, h, w, c, p, q);
}

void check(const AdaptiveAvgPoolProblem& a) {
  if (a.x_count() == 0 || a.y_count() == 0) {
    throw usage_error("adaptive_avg_pool {}: a size is zero.", a.describe());
  }
}

namespace {
// Windows overlap by less than a line, which is left out of the count.
Cost mean_cost(const AdaptiveAvgPoolProblem& a) {
  return {static_cast<double>(std::max(a.x_count(), a.y_count())),
          4.0 * static_cast<double>(a.x_count() + a.y_count())};
}
}  // namespace

std::vector<Operand> AdaptiveAvgPoolForward::operands(const Problem& a) {
  return {{"x", a.x_count()}, {"y", a.y_count()}};
}
std::vector<Operand> AdaptiveAvgPoolBackward::operands(const Problem& a) {
  return {{"dy", a.y_count()}, {"dx", a.x_count()}};
}
Cost AdaptiveAvgPoolForward::cost(const Problem& a) { return mean_cost(a); }
Cost AdaptiveAvgPoolBackward::cost(const Problem& a) { return mean_cost(a); }

const Table<AdaptiveAvgPoolForward>& AdaptiveAvgPoolForward::table() {
  static const Table<AdaptiveAvgPoolForward> rows = {
      {"cpu1", Device::cpu, nullptr, adaptive_avg_pool_forward_cpu1},
      HILUM_CUDA_ROWS(AdaptiveAvgPoolForward, "cuda1"),
      ref_row<AdaptiveAvgPoolForward>(),
  };
  return rows;
}

const Table<AdaptiveAvgPoolBackward>& AdaptiveAvgPoolBackward::table() {
  static const Table<AdaptiveAvgPoolBackward> rows = {
      {"cpu1", Device::cpu, nullptr, adaptive_avg_pool_backward_cpu1},
      HILUM_CUDA_ROWS(AdaptiveAvgPoolBackward, "cuda1"),
      ref_row<AdaptiveAvgPoolBackward>(),
  };
  return rows;
}

}  // namespace hilum
