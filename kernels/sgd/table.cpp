// sgd: problem, costs and the table of its rows, best first.
#include <fmt/format.h>

#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"
#include "kernels/sgd/ref.h"
#include "kernels/sgd/rows.h"

namespace hilum {

std::string SgdProblem::describe() const {
  std::string text = fmt::format("{} lr {:g}", count, lr);
  if (momentum != 0) text += fmt::format(" {} {}", nesterov ? "nesterov" : "momentum", momentum);
  if (weight_decay != 0) text += fmt::format(" decay {}", weight_decay);
  return text;
}

std::vector<Operand> SgdStep::operands(const Problem& a) {
  return {{"w", a.count},
          {"g", a.count},
          {"v", a.v_count()},
          {"w_out", a.count},
          {"v_out", a.v_count()}};
}
Cost SgdStep::cost(const Problem& a) {
  return {(a.momentum != 0 ? 6.0 : 4.0) * static_cast<double>(a.count),
          4.0 * static_cast<double>(3 * a.count + 2 * a.v_count())};
}

const Table<SgdStep>& SgdStep::table() {
  static const Table<SgdStep> rows = {
      {"cpu1", Device::cpu, nullptr, sgd_step_cpu1},
      HILUM_CUDA_ROWS(SgdStep, "cuda1"),
      ref_row<SgdStep>(),
  };
  return rows;
}

}  // namespace hilum
