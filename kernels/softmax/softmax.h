// softmax: y[n,c] = exp(x[n,c] - m) / sum over j of exp(x[n,j] - m), with m the row's largest x, so
// that nothing overflows. For reading probabilities; training goes through softmax_cross_entropy,
// so there is no backward pass.
// In place: y may be x.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct SoftmaxProblem {
  std::size_t n, c;  // samples, classes
  std::size_t count() const { return n * c; }
  std::string describe() const;
};

struct SoftmaxForward {
  using Problem = SoftmaxProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "softmax";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<SoftmaxForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

}  // namespace hilum
