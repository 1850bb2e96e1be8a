// relu: the rectifier, y = max(x, 0), with the gradient dx = dy where y > 0, else 0 (relu'(0) = 0);
// with a ceiling y = min(max(x, 0), ceiling), dx = dy where 0 < y < ceiling, else 0. A ceiling of 6
// is ReLU6 (Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010; networks that are
// to run in few bits use it). The gradient is taken from y, so x need not be kept. A NaN in x stays
// a NaN in y. In place: y may be x, dx may be dy.
#pragma once

#include <limits>

#include "kernels/row.h"

namespace hilum {

struct ReluProblem {
  std::size_t count;
  float ceiling = std::numeric_limits<float>::infinity();

  bool clipped() const { return ceiling < std::numeric_limits<float>::infinity(); }
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
