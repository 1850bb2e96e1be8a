// avg_pool: costs and the tables of its rows, best first.
#include "kernels/avg_pool/avg_pool.h"
#include "kernels/avg_pool/ref.h"
#include "kernels/avg_pool/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string AvgPoolProblem::describe() const {
  const bool padded = pad_h != 0 || pad_w != 0;
  return PoolWindow::describe() + (padded && !count_include_pad ? " left out" : "");
}

void check(const AvgPoolProblem& a) {
  check(a, "avg_pool");
  if (a.ceil_mode) {
    throw usage_error("avg_pool {}: ceiling mode is for max_pool only.", a.describe());
  }
}

namespace {
Cost avg_pool_cost(const AvgPoolProblem& a) {
  return {static_cast<double>(a.y_count()) * static_cast<double>(a.r * a.s),
          4.0 * static_cast<double>(a.x_count() + a.y_count())};
}
}  // namespace

std::vector<Operand> AvgPoolForward::operands(const Problem& a) {
  return {{"x", a.x_count()}, {"y", a.y_count()}};
}
std::vector<Operand> AvgPoolBackward::operands(const Problem& a) {
  return {{"dy", a.y_count()}, {"dx", a.x_count()}};
}
Cost AvgPoolForward::cost(const Problem& a) { return avg_pool_cost(a); }
Cost AvgPoolBackward::cost(const Problem& a) { return avg_pool_cost(a); }

const Table<AvgPoolForward>& AvgPoolForward::table() {
  static const Table<AvgPoolForward> rows = {
      {"cpu1", Device::cpu, nullptr, avg_pool_forward_cpu1},
      {"onednn", Device::cpu, nullptr, avg_pool_forward_onednn},
      HILUM_CUDA_ROWS(AvgPoolForward, "cuda1"),
      library_row<AvgPoolForward, "cudnn", "cudnn">(),
      ref_row<AvgPoolForward>(),
  };
  return rows;
}

const Table<AvgPoolBackward>& AvgPoolBackward::table() {
  static const Table<AvgPoolBackward> rows = {
      {"cpu1", Device::cpu, nullptr, avg_pool_backward_cpu1},
      {"onednn", Device::cpu, nullptr, avg_pool_backward_onednn, nullptr, 4, false},
      HILUM_CUDA_ROWS(AvgPoolBackward, "cuda1"),
      library_row<AvgPoolBackward, "cudnn", "cudnn">(),
      ref_row<AvgPoolBackward>(),
  };
  return rows;
}

}  // namespace hilum
