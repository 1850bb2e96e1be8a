// relu: the rectifier, y = max(x, 0), with the gradient dx = dy where y > 0, else 0 (relu'(0) = 0).
// The gradient is taken from y, so x need not be kept. A NaN in x stays a NaN in y.
// In place: y may be x, dx may be dy.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct ReluProblem {
  std::size_t count;
  std::string describe() const;
};

struct ReluForward {
  using Problem = ReluProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "relu";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<ReluForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct ReluBackward {
  using Problem = ReluProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* y, const float* dy,
                            float* dx);
  static constexpr const char* op = "relu";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<ReluBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* y, const T* dy, T* dx);
};

}  // namespace hilum
