// bias: problem, costs and the tables of its rows, best first.
#include <fmt/format.h>

#include "kernels/bias/ref.h"
#include "kernels/bias/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string BiasProblem::describe() const { return fmt::format("{}x{}", rows, c); }

std::vector<Operand> BiasForward::operands(const Problem& a) {
  return {{"x", a.count()}, {"b", a.c}, {"y", a.count()}};
}
std::vector<Operand> BiasBackward::operands(const Problem& a) {
  return {{"dy", a.count()}, {"db", a.c}};
}
Cost BiasForward::cost(const Problem& a) {
  return {static_cast<double>(a.count()), 4.0 * static_cast<double>(2 * a.count() + a.c)};
}
Cost BiasBackward::cost(const Problem& a) {
  return {static_cast<double>(a.count()), 4.0 * static_cast<double>(a.count() + a.c)};
}

const Table<BiasForward>& BiasForward::table() {
  static const Table<BiasForward> rows = {
      {"cpu1", Device::cpu, nullptr, bias_forward_cpu1},
      HILUM_CUDA_ROWS(BiasForward, "cuda1"),
      ref_row<BiasForward>(),
  };
  return rows;
}

const Table<BiasBackward>& BiasBackward::table() {
  static const Table<BiasBackward> rows = {
      {"cpu1", Device::cpu, nullptr, bias_backward_cpu1, bias_backward_cpu1_workspace},
      HILUM_CUDA_ROWS(BiasBackward, "cuda1", nullptr, bias_backward_cuda1_workspace),
      ref_row<BiasBackward>(),
  };
  return rows;
}

}  // namespace hilum
