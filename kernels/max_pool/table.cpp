// max_pool: costs and the tables of its rows, best first.
#include "kernels/cuda_rows.h"
#include "kernels/max_pool/max_pool.h"
#include "kernels/max_pool/ref.h"
#include "kernels/max_pool/rows.h"
#include "kernels/ref_row.h"

namespace hilum {
namespace {
// One comparison for each pixel of each window.
double comparisons(const MaxPoolProblem& a) {
  return static_cast<double>(a.y_count()) * static_cast<double>(a.r * a.s);
}
}  // namespace

std::vector<Operand> MaxPoolForward::operands(const Problem& a) {
  return {{"x", a.x_count(), Fill::distinct}, {"y", a.y_count()}};
}
std::vector<Operand> MaxPoolBackward::operands(const Problem& a) {
  return {{"x", a.x_count(), Fill::distinct}, {"dy", a.y_count()}, {"dx", a.x_count()}};
}
Cost MaxPoolForward::cost(const Problem& a) {
  return {comparisons(a), 4.0 * static_cast<double>(a.x_count() + a.y_count())};
}
Cost MaxPoolBackward::cost(const Problem& a) {
  return {2 * comparisons(a), 4.0 * static_cast<double>(2 * a.x_count() + a.y_count())};
}

const Table<MaxPoolForward>& MaxPoolForward::table() {
  static const Table<MaxPoolForward> rows = {
      {"cpu1", Device::cpu, nullptr, max_pool_forward_cpu1},
      {"onednn", Device::cpu, nullptr, max_pool_forward_onednn},
      HILUM_CUDA_ROWS(MaxPoolForward, "cuda1"),
      library_row<MaxPoolForward, "cudnn", "cudnn">(),
      ref_row<MaxPoolForward>(),
  };
  return rows;
}

const Table<MaxPoolBackward>& MaxPoolBackward::table() {
  static const Table<MaxPoolBackward> rows = {
      {"cpu1", Device::cpu, nullptr, max_pool_backward_cpu1},
      {"onednn", Device::cpu, nullptr, max_pool_backward_onednn, max_pool_backward_onednn_workspace,
       4, false},
      HILUM_CUDA_ROWS(MaxPoolBackward, "cuda1"),
      library_row<MaxPoolBackward, "cudnn", "cudnn">(),
      ref_row<MaxPoolBackward>(),
  };
  return rows;
}

}  // namespace hilum
