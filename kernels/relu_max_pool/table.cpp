// relu_max_pool: costs and the tables of its rows, best first.
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"
#include "kernels/relu_max_pool/ref.h"
#include "kernels/relu_max_pool/relu_max_pool.h"
#include "kernels/relu_max_pool/rows.h"

namespace hilum {
namespace {
// One comparison for each pixel of each window.
double comparisons(const ReluMaxPoolProblem& a) {
  return static_cast<double>(a.y_count()) * static_cast<double>(a.r * a.s);
}
double bytes(const ReluMaxPoolProblem& a) {
  return 4.0 * static_cast<double>(a.x_count()) + 5.0 * static_cast<double>(a.y_count());
}
}  // namespace

void check(const ReluMaxPoolProblem& a) {
  check(static_cast<const PoolWindow&>(a), "relu_max_pool");
  if (a.none() > 255) {
    throw usage_error("relu_max_pool {}: a window of {} pixels. Expected at most 255.",
                      a.describe(), a.none());
  }
}

std::vector<Operand> ReluMaxPoolForward::operands(const Problem& a) {
  return {{"x", a.x_count(), Fill::distinct}, {"y", a.y_count()}, {"index", a.y_count()}};
}
std::vector<Operand> ReluMaxPoolBackward::operands(const Problem& a) {
  return {
      {"index", a.y_count(), Fill::label, a.none() + 1}, {"dy", a.y_count()}, {"dx", a.x_count()}};
}
Cost ReluMaxPoolForward::cost(const Problem& a) { return {comparisons(a), bytes(a)}; }
Cost ReluMaxPoolBackward::cost(const Problem& a) { return {comparisons(a), bytes(a)}; }

const Table<ReluMaxPoolForward>& ReluMaxPoolForward::table() {
  static const Table<ReluMaxPoolForward> rows = {
      {"cpu1", Device::cpu, nullptr, relu_max_pool_forward_cpu1},
      HILUM_CUDA_ROWS(ReluMaxPoolForward, "cuda1"),
      ref_row<ReluMaxPoolForward>(),
  };
  return rows;
}

const Table<ReluMaxPoolBackward>& ReluMaxPoolBackward::table() {
  static const Table<ReluMaxPoolBackward> rows = {
      {"cpu1", Device::cpu, nullptr, relu_max_pool_backward_cpu1},
      HILUM_CUDA_ROWS(ReluMaxPoolBackward, "cuda1"),
      ref_row<ReluMaxPoolBackward>(),
  };
  return rows;
}

}  // namespace hilum
