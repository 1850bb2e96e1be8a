// sigmoid: problem, costs and the tables of its rows, best first.
#include <fmt/format.h>

#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"
#include "kernels/sigmoid/ref.h"
#include "kernels/sigmoid/rows.h"

namespace hilum {

std::string SigmoidProblem::describe() const { return fmt::format("{}", count); }

std::vector<Operand> SigmoidForward::operands(const Problem& a) {
  return {{"x", a.count}, {"y", a.count}};
}
std::vector<Operand> SigmoidBackward::operands(const Problem& a) {
  return {{"y", a.count, Fill::probability}, {"dy", a.count}, {"dx", a.count}};
}
// exp is counted as one operation.
Cost SigmoidForward::cost(const Problem& a) {
  return {3.0 * static_cast<double>(a.count), 8.0 * static_cast<double>(a.count)};
}
Cost SigmoidBackward::cost(const Problem& a) {
  return {3.0 * static_cast<double>(a.count), 12.0 * static_cast<double>(a.count)};
}

const Table<SigmoidForward>& SigmoidForward::table() {
  static const Table<SigmoidForward> rows = {
      {"cpu1", Device::cpu, nullptr, sigmoid_forward_cpu1},
      HILUM_CUDA_ROWS(SigmoidForward, "cuda1"),
      ref_row<SigmoidForward>(),
  };
  return rows;
}

const Table<SigmoidBackward>& SigmoidBackward::table() {
  static const Table<SigmoidBackward> rows = {
      {"cpu1", Device::cpu, nullptr, sigmoid_backward_cpu1},
      HILUM_CUDA_ROWS(SigmoidBackward, "cuda1"),
      ref_row<SigmoidBackward>(),
  };
  return rows;
}

}  // namespace hilum
