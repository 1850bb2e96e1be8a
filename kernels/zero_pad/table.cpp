// zero_pad: problem, costs and the tables of its rows, best first.
#include <fmt/format.h>

#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"
#include "kernels/zero_pad/ref.h"
#include "kernels/zero_pad/rows.h"

namespace hilum {

std::string ZeroPadProblem::describe() const {
  return fmt::format("{}x{}x{}x{} {}+{} {}+{}", n, h, w, c, top, bottom, left, right);
}

std::vector<Operand> ZeroPadForward::operands(const Problem& a) {
  return {{"x", a.x_count()}, {"y", a.y_count()}};
}
std::vector<Operand> ZeroPadBackward::operands(const Problem& a) {
  return {{"dy", a.y_count()}, {"dx", a.x_count()}};
}
Cost ZeroPadForward::cost(const Problem& a) {
  return {0, 4.0 * static_cast<double>(a.x_count() + a.y_count())};
}
Cost ZeroPadBackward::cost(const Problem& a) { return {0, 8.0 * static_cast<double>(a.x_count())}; }

const Table<ZeroPadForward>& ZeroPadForward::table() {
  static const Table<ZeroPadForward> rows = {
      {"cpu1", Device::cpu, nullptr, zero_pad_forward_cpu1},
      HILUM_CUDA_ROWS(ZeroPadForward, "cuda1"),
      ref_row<ZeroPadForward>(),
  };
  return rows;
}

const Table<ZeroPadBackward>& ZeroPadBackward::table() {
  static const Table<ZeroPadBackward> rows = {
      {"cpu1", Device::cpu, nullptr, zero_pad_backward_cpu1},
      HILUM_CUDA_ROWS(ZeroPadBackward, "cuda1"),
      ref_row<ZeroPadBackward>(),
  };
  return rows;
}

}  // namespace hilum
