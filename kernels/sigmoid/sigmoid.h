// sigmoid: the logistic function, y = 1 / (1 + exp(-x)), with the gradient dx = dy y (1 - y).
// The gradient is taken from y, so x need not be kept.
// In place: y may be x, dx may be dy.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct SigmoidProblem {
  std::size_t count;
  std::string describe() const;
};

struct SigmoidForward {
  using Problem = SigmoidProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "sigmoid";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<SigmoidForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct SigmoidBackward {
  using Problem = SigmoidProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* y, const float* dy,
                            float* dx);
  static constexpr const char* op = "sigmoid";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<SigmoidBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* y, const T* dy, T* dx);
};

}  // namespace hilum
