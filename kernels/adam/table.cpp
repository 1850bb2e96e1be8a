// adam: problem, costs and the table of its rows, best first.
#include <fmt/format.h>

#include "kernels/adam/ref.h"
#include "kernels/adam/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string AdamProblem::describe() const {
  std::string text = fmt::format("{} lr {:g} betas {} {} epsilon {} step {}", count, lr, beta1,
                                 beta2, epsilon, step);
  if (weight_decay != 0) {
    text += fmt::format(" {} {}", decoupled ? "decoupled decay" : "decay", weight_decay);
  }
  return text;
}

std::string AdamAllProblem::describe() const {
  AdamProblem all = each;
  all.count = total();
  return fmt::format("{} parameters, {}", counts.size(), all.describe());
}

std::vector<Operand> AdamStep::operands(const Problem& a) {
  return {{"w", a.count},     {"g", a.count},     {"m", a.count},    {"v", a.count, Fill::positive},
          {"w_out", a.count}, {"m_out", a.count}, {"v_out", a.count}};
}
// Root and division are counted as one operation each.
Cost AdamStep::cost(const Problem& a) {
  return {16.0 * static_cast<double>(a.count), 28.0 * static_cast<double>(a.count)};
}

const Table<AdamStep>& AdamStep::table() {
  static const Table<AdamStep> rows = {
      {"cpu1", Device::cpu, nullptr, adam_step_cpu1},
      HILUM_CUDA_ROWS(AdamStep, "cuda1"),
      ref_row<AdamStep>(),
  };
  return rows;
}

std::vector<Operand> AdamStepAll::operands(const Problem& a) {
  std::vector<Operand> all = AdamStep::operands({a.total(), a.each.lr, a.each.step});
  for (Operand& operand : all) operand.pieces = a.counts;
  return all;
}
Cost AdamStepAll::cost(const Problem& a) {
  return AdamStep::cost({a.total(), a.each.lr, a.each.step});
}

const Table<AdamStepAll>& AdamStepAll::table() {
  static const Table<AdamStepAll> rows = {
      {"cpu1", Device::cpu, nullptr, adam_step_all_cpu1},
      HILUM_CUDA_ROWS(AdamStepAll, "cuda1"),
      ref_row<AdamStepAll>(),
  };
  return rows;
}

}  // namespace hilum
