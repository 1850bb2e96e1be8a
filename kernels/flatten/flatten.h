// flatten: an NHWC activation as rows of C*H*W features in channels-first order,
//
//   y[n, (c H + h) W + w] = x[n,h,w,c],   and back for the gradient.
//
// The order is that of networks which keep activations as NCHW, so that the weights of the dense
// layer after it mean the same here as in torchvision.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct FlattenProblem {
  std::size_t n, h, w, c;
  std::size_t count() const { return n * h * w * c; }
  std::string describe() const;
};

struct FlattenForward {
  using Problem = FlattenProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "flatten";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<FlattenForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct FlattenBackward {
  using Problem = FlattenProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* dy, float* dx);
  static constexpr const char* op = "flatten";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<FlattenBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* dy, T* dx);
};

}  // namespace hilum
