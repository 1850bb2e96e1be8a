// softmax: problem, costs and the table of its rows, best first.
#include <fmt/format.h>

#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"
#include "kernels/softmax/ref.h"
#include "kernels/softmax/rows.h"

namespace hilum {

std::string SoftmaxProblem::describe() const { return fmt::format("{}x{}", n, c); }

std::vector<Operand> SoftmaxForward::operands(const Problem& a) {
  return {{"x", a.count()}, {"y", a.count()}};
}
// Compare, subtract, exp (counted as one), add, divide.
Cost SoftmaxForward::cost(const Problem& a) {
  return {5.0 * static_cast<double>(a.count()), 8.0 * static_cast<double>(a.count())};
}

const Table<SoftmaxForward>& SoftmaxForward::table() {
  static const Table<SoftmaxForward> rows = {
      {"cpu1", Device::cpu, nullptr, softmax_forward_cpu1},
      HILUM_CUDA_ROWS(SoftmaxForward, "cuda1"),
      library_row<SoftmaxForward, "cudnn", "cudnn">(),
      ref_row<SoftmaxForward>(),
  };
  return rows;
}

}  // namespace hilum
