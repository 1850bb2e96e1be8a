// The last row of every table: the reference, in float, one thread.
#pragma once

#include "kernels/row.h"

namespace hilum {

namespace detail {
// Turns Pass::Function's operand types into a call of Pass::reference<float>.
template <class Pass, class Function>
struct RefRow;
template <class Pass, class... Operands>
struct RefRow<Pass, void (*)(const Launch&, const typename Pass::Problem&, Operands...)> {
  static void run(const Launch&, const typename Pass::Problem& problem, Operands... operands) {
    Pass::template reference<float>(problem, operands...);
  }
};
}  // namespace detail

// Float loops add one term after another, so its error grows with the length of the sum: the
// tolerance is that of a sum of 10^5 random terms.
template <class Pass>
Row<Pass> ref_row() {
  return {"ref",   Device::cpu, nullptr, &detail::RefRow<Pass, typename Pass::Function>::run,
          nullptr, 64};
}

}  // namespace hilum
