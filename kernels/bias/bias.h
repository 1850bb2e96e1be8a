// bias: y[row,c] = x[row,c] + b[c], with the gradient db[c] = sum over rows of dy[row,c]. The
// gradient of x is dy itself.
// Rows are pixels of an NHWC activation (N H W of them) or samples of a dense layer.
// In place: y may be x.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct BiasProblem {
  std::size_t rows, c;
  std::size_t count() const { return rows * c; }
  std::string describe() const;
};

struct BiasForward {
  using Problem = BiasProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* b,
                            float* y);
  static constexpr const char* op = "bias";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<BiasForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* b, T* y);
};

struct BiasBackward {
  using Problem = BiasProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* dy, float* db);
  static constexpr const char* op = "bias";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<BiasBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* dy, T* db);
};

}  // namespace hilum
