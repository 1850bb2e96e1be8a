// dense: the fully connected layer, without its bias (an operation of its own).
//
//   y[n,o]  = sum over i of  x[n,i]  * w[o,i]
//   dx[n,i] = sum over o of  dy[n,o] * w[o,i]
//   dw[o,i] = sum over n of  dy[n,o] * x[n,i]
//
// Layout: x is N x I, w is O x I (one row an output, as torch.nn.Linear stores it), y is N x O, all
// row-major. The three passes are the three products that one matrix multiplication with transposed
// operands gives: Y = X W^T, dX = dY W, dW = dY^T X.
//
// In a network N is the batch (10 to 32) and I may be 32768 after the last pooling: w is then 100
// times x and y together, every weight is used N times only, and the layer is as fast as w can be
// read (or dw written).
#pragma once

#include "kernels/row.h"

namespace hilum {

struct DenseProblem {
  std::size_t n, i, o;  // batch, inputs, outputs

  std::size_t x_count() const { return n * i; }
  std::size_t w_count() const { return o * i; }
  std::size_t y_count() const { return n * o; }

  std::string describe() const;  // "32x32768 -> 128"
};

// Throws a usage error where a size is zero.
void check(const DenseProblem& problem);

struct DenseForward {
  using Problem = DenseProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* w,
                            float* y);
  static constexpr const char* op = "dense";
  static constexpr const char* pass = "forward";
  static constexpr bool tunable = true;
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<DenseForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* w, T* y);
};

struct DenseBackwardData {
  using Problem = DenseProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* w, const float* dy,
                            float* dx);
  static constexpr const char* op = "dense";
  static constexpr const char* pass = "backward_data";
  static constexpr bool tunable = true;
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<DenseBackwardData>& table();
  template <class T>
  static void reference(const Problem&, const T* w, const T* dy, T* dx);
};

struct DenseBackwardWeight {
  using Problem = DenseProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* dy,
                            float* dw);
  static constexpr const char* op = "dense";
  static constexpr const char* pass = "backward_weight";
  static constexpr bool tunable = true;
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<DenseBackwardWeight>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* dy, T* dw);
};

}  // namespace hilum
