// adam: problem, costs and the table of its rows, best first.
#include <fmt/format.h>

#include "kernels/adam/ref.h"
#include "kernels/adam/rows.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string AdamProblem::describe() const {
  std::string text = fmt::format("{} lr {} betas {} {} epsilon {} step {}", count, lr, beta1, beta2,
                                 epsilon, step);
  if (weight_decay != 0) {
    text += fmt::format(" {} {}", decoupled ? "decoupled decay" : "decay", weight_decay);
  }
  return text;
}

AdamCoefficients adam_coefficients(const AdamProblem& a) {
  const auto t = static_cast<double>(a.step);
  return {a.decoupled ? 0 : a.weight_decay, a.decoupled ? 1 - a.lr * a.weight_decay : 1,
          a.lr / (1 - std::pow(a.beta1, t)), 1 / std::sqrt(1 - std::pow(a.beta2, t))};
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
      ref_row<AdamStep>(),
  };
  return rows;
}

}  // namespace hilum
