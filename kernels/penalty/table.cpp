// penalty: problem, costs and the tables of its rows, best first.
#include <fmt/format.h>

#include "kernels/cuda_rows.h"
#include "kernels/penalty/ref.h"
#include "kernels/penalty/rows.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string PenaltyProblem::describe() const {
  return fmt::format("{} l1 {} l2 {}", count, l1, l2);
}

std::vector<Operand> PenaltyForward::operands(const Problem& a) {
  return {{"w", a.count, Fill::distinct}, {"loss", 1}};
}
std::vector<Operand> PenaltyBackward::operands(const Problem& a) {
  return {{"w", a.count, Fill::distinct}, {"dloss", 1}, {"dw", a.count}};
}
Cost PenaltyForward::cost(const Problem& a) {
  return {4.0 * static_cast<double>(a.count), 4.0 * static_cast<double>(a.count)};
}
Cost PenaltyBackward::cost(const Problem& a) {
  return {2.0 * static_cast<double>(a.count), 8.0 * static_cast<double>(a.count)};
}

const Table<PenaltyForward>& PenaltyForward::table() {
  static const Table<PenaltyForward> rows = {
      {"cpu1", Device::cpu, nullptr, penalty_forward_cpu1, penalty_forward_cpu1_workspace},
      HILUM_CUDA_ROWS(PenaltyForward, "cuda1", nullptr, penalty_forward_cuda1_workspace),
      ref_row<PenaltyForward>(),
  };
  return rows;
}

const Table<PenaltyBackward>& PenaltyBackward::table() {
  static const Table<PenaltyBackward> rows = {
      {"cpu1", Device::cpu, nullptr, penalty_backward_cpu1},
      HILUM_CUDA_ROWS(PenaltyBackward, "cuda1"),
      ref_row<PenaltyBackward>(),
  };
  return rows;
}

}  // namespace hilum
