// concat: problem, costs and the tables of its rows, best first.
#include <fmt/format.h>

#include "kernels/concat/ref.h"
#include "kernels/concat/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string ConcatProblem::describe() const {
  std::string text = fmt::format("{} x {}", rows, channels[0]);
  for (std::size_t i = 1; i < 4; ++i) {
    if (channels[i] != 0) text += fmt::format("+{}", channels[i]);
  }
  return text;
}

std::vector<Operand> ConcatForward::operands(const Problem& a) {
  return {{"a", a.rows * a.channels[0]},
          {"b", a.rows * a.channels[1]},
          {"c", a.rows * a.channels[2]},
          {"d", a.rows * a.channels[3]},
          {"y", a.rows * a.total()}};
}
std::vector<Operand> ConcatBackward::operands(const Problem& a) {
  return {{"dy", a.rows * a.total()},
          {"da", a.rows * a.channels[0]},
          {"db", a.rows * a.channels[1]},
          {"dc", a.rows * a.channels[2]},
          {"dd", a.rows * a.channels[3]}};
}
Cost ConcatForward::cost(const Problem& a) {
  return {0, 8.0 * static_cast<double>(a.rows * a.total())};
}
Cost ConcatBackward::cost(const Problem& a) { return ConcatForward::cost(a); }

const Table<ConcatForward>& ConcatForward::table() {
  static const Table<ConcatForward> rows = {
      {"cpu1", Device::cpu, nullptr, concat_forward_cpu1},
      HILUM_CUDA_ROWS(ConcatForward, "cuda1"),
      ref_row<ConcatForward>(),
  };
  return rows;
}

const Table<ConcatBackward>& ConcatBackward::table() {
  static const Table<ConcatBackward> rows = {
      {"cpu1", Device::cpu, nullptr, concat_backward_cpu1},
      HILUM_CUDA_ROWS(ConcatBackward, "cuda1"),
      ref_row<ConcatBackward>(),
  };
  return rows;
}

}  // namespace hilum
