// add: problem, costs and the table of its rows, best first.
#include <fmt/format.h>

#include "kernels/add/ref.h"
#include "kernels/add/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string AddProblem::describe() const { return fmt::format("{}", count); }

std::vector<Operand> AddForward::operands(const Problem& a) {
  return {{"a", a.count}, {"b", a.count}, {"y", a.count}};
}
Cost AddForward::cost(const Problem& a) {
  return {static_cast<double>(a.count), 12.0 * static_cast<double>(a.count)};
}

const Table<AddForward>& AddForward::table() {
  static const Table<AddForward> rows = {
      {"cpu1", Device::cpu, nullptr, add_forward_cpu1},
      HILUM_CUDA_ROWS(AddForward, "cuda1"),
      ref_row<AddForward>(),
  };
  return rows;
}

}  // namespace hilum
