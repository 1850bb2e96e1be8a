// relu6: the rectifier with a ceiling, y = min(max(x, 0), 6) (Krizhevsky, "Convolutional Deep
// Belief Networks on CIFAR-10", 2010; networks that are to run in few bits use it), with the
// gradient dx = dy where 0 < y < 6, else 0. The gradient is taken from y, so x need not be kept. A
// NaN in x stays a NaN in y. In place: y may be x, dx may be dy.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct Relu6Problem {
  std::size_t count;
  std::string describe() const;
};

struct Relu6Forward {
  using Problem = Relu6Problem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "relu6";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<Relu6Forward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct Relu6Backward {
  using Problem = Relu6Problem;
  using Function = void (*)(const Launch&, const Problem&, const float* y, const float* dy,
                            float* dx);
  static constexpr const char* op = "relu6";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<Relu6Backward>& table();
  template <class T>
  static void reference(const Problem&, const T* y, const T* dy, T* dx);
};

}  // namespace hilum
