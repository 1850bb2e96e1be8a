// dropout: problem, costs and the tables of its rows, best first.
#include "kernels/cuda_rows.h"
#include "kernels/dropout/ref.h"
#include "kernels/dropout/rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string DropoutProblem::describe() const { return fmt::format("{} p {}", count, p); }

void check(const DropoutProblem& a) {
  if (!(a.p >= 0 && a.p < 1)) {
    throw usage_error("dropout {}: p is the share that is dropped. Expected 0 <= p < 1.",
                      a.describe());
  }
}

std::vector<Operand> DropoutForward::operands(const Problem& a) {
  return {{"x", a.count}, {"y", a.count}};
}
std::vector<Operand> DropoutBackward::operands(const Problem& a) {
  return {{"dy", a.count}, {"dx", a.count}};
}
// Multiply and choose; the generator's whole-number work is not counted.
Cost DropoutForward::cost(const Problem& a) {
  return {2.0 * static_cast<double>(a.count), 8.0 * static_cast<double>(a.count)};
}
Cost DropoutBackward::cost(const Problem& a) { return DropoutForward::cost(a); }

const Table<DropoutForward>& DropoutForward::table() {
  static const Table<DropoutForward> rows = {
      {"cpu1", Device::cpu, nullptr, dropout_cpu1},
      HILUM_CUDA_ROWS(DropoutForward, "cuda1"),
      ref_row<DropoutForward>(),
  };
  return rows;
}

const Table<DropoutBackward>& DropoutBackward::table() {
  static const Table<DropoutBackward> rows = {
      {"cpu1", Device::cpu, nullptr, dropout_cpu1},
      HILUM_CUDA_ROWS(DropoutBackward, "cuda1"),
      ref_row<DropoutBackward>(),
  };
  return rows;
}

}  // namespace hilum
