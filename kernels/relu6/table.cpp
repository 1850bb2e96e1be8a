// relu6: problem, costs and the tables of its rows, best first.
#include <fmt/format.h>

#include "kernels/ref_row.h"
#include "kernels/relu6/ref.h"
#include "kernels/relu6/rows.h"

namespace hilum {

std::string Relu6Problem::describe() const { return fmt::format("{}", count); }

std::vector<Operand> Relu6Forward::operands(const Problem& a) {
  return {{"x", a.count, Fill::distinct}, {"y", a.count}};
}
std::vector<Operand> Relu6Backward::operands(const Problem& a) {
  return {{"y", a.count, Fill::clipped}, {"dy", a.count}, {"dx", a.count}};
}
Cost Relu6Forward::cost(const Problem& a) {
  return {2.0 * static_cast<double>(a.count), 8.0 * static_cast<double>(a.count)};
}
Cost Relu6Backward::cost(const Problem& a) {
  return {2.0 * static_cast<double>(a.count), 12.0 * static_cast<double>(a.count)};
}

const Table<Relu6Forward>& Relu6Forward::table() {
  static const Table<Relu6Forward> rows = {
      {"cpu1", Device::cpu, nullptr, relu6_forward_cpu1},
      ref_row<Relu6Forward>(),
  };
  return rows;
}

const Table<Relu6Backward>& Relu6Backward::table() {
  static const Table<Relu6Backward> rows = {
      {"cpu1", Device::cpu, nullptr, relu6_backward_cpu1},
      ref_row<Relu6Backward>(),
  };
  return rows;
}

}  // namespace hilum
