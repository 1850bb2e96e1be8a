// add: y = a + b, element by element; the two branches of a residual block meet here.
// The gradient of either input is dy itself, so there is no backward pass.
// In place: y may be a or b.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct AddProblem {
  std::size_t count;
  std::string describe() const;
};

struct AddForward {
  using Problem = AddProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* a, const float* b,
                            float* y);
  static constexpr const char* op = "add";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<AddForward>& table();
  template <class T>
  static void reference(const Problem&, const T* a, const T* b, T* y);
};

}  // namespace hilum
