// flatten: problem, costs and the tables of its rows, best first.
#include <fmt/format.h>

#include "kernels/cuda_rows.h"
#include "kernels/flatten/ref.h"
#include "kernels/flatten/rows.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string FlattenProblem::describe() const { return fmt::format("{}x{}x{}x{}", n, h, w, c); }

std::vector<Operand> FlattenForward::operands(const Problem& a) {
  return {{"x", a.count()}, {"y", a.count()}};
}
std::vector<Operand> FlattenBackward::operands(const Problem& a) {
  return {{"dy", a.count()}, {"dx", a.count()}};
}
Cost FlattenForward::cost(const Problem& a) { return {0, 8.0 * static_cast<double>(a.count())}; }
Cost FlattenBackward::cost(const Problem& a) { return FlattenForward::cost(a); }

const Table<FlattenForward>& FlattenForward::table() {
  static const Table<FlattenForward> rows = {
      {"cpu1", Device::cpu, nullptr, flatten_forward_cpu1},
      HILUM_CUDA_ROWS(FlattenForward, "cuda1"),
      ref_row<FlattenForward>(),
  };
  return rows;
}

const Table<FlattenBackward>& FlattenBackward::table() {
  static const Table<FlattenBackward> rows = {
      {"cpu1", Device::cpu, nullptr, flatten_backward_cpu1},
      HILUM_CUDA_ROWS(FlattenBackward, "cuda1"),
      ref_row<FlattenBackward>(),
  };
  return rows;
}

}  // namespace hilum
