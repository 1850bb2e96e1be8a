// relu: problem, costs and the tables of its rows, best first.
#include <fmt/format.h>

#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"
#include "kernels/relu/ref.h"
#include "kernels/relu/rows.h"

namespace hilum {

std::string ReluProblem::describe() const {
  return fmt::format("{}{}", count, clipped() ? fmt::format(" up to {}", ceiling) : "");
}

std::vector<Operand> ReluForward::operands(const Problem& a) {
  return {{"x", a.count, Fill::distinct}, {"y", a.count}};
}
std::vector<Operand> ReluBackward::operands(const Problem& a) {
  return {{"y", a.count, a.clipped() ? Fill::clipped : Fill::rectified},
          {"dy", a.count},
          {"dx", a.count}};
}
Cost ReluForward::cost(const Problem& a) {
  return {static_cast<double>(a.count), 8.0 * static_cast<double>(a.count)};
}
Cost ReluBackward::cost(const Problem& a) {
  return {static_cast<double>(a.count), 12.0 * static_cast<double>(a.count)};
}

const Table<ReluForward>& ReluForward::table() {
  static const Table<ReluForward> rows = {
      {"cpu1", Device::cpu, nullptr, relu_forward_cpu1},
      HILUM_CUDA_ROWS(ReluForward, "cuda1"),
      ref_row<ReluForward>(),
  };
  return rows;
}

const Table<ReluBackward>& ReluBackward::table() {
  static const Table<ReluBackward> rows = {
      {"cpu1", Device::cpu, nullptr, relu_backward_cpu1},
      HILUM_CUDA_ROWS(ReluBackward, "cuda1"),
      ref_row<ReluBackward>(),
  };
  return rows;
}

}  // namespace hilum
