// conv2d, pass inference: a convolution with all that a trained network does to its result before
// the next layer reads it, in one pass over memory.
//
//   y[n,p,q,k] = activation( conv2d(x, w)[n,p,q,k] + bias[k] + residual[n,p,q,k] )
//
// Batch norm has no part in it: with fixed statistics it is a factor and a summand a channel, which
// w and bias take in beforehand. `residual` may be absent; it is dense, N x P x Q x K. The pixels
// of y are `pitch` floats apart, K or more, and what lies between is left alone: so layers that
// will be joined by their channels write side by side into the joint tensor.
//
// Filters stay the same from call to call, so rows take them in the form that suits them, made once
// (Row::prepare). That form does not depend on N.
#pragma once

#include "kernels/activation.h"
#include "kernels/conv2d/conv2d.h"

namespace hilum {

struct Conv2dInferenceProblem {
  Conv2dProblem conv;
  std::size_t pitch;
  bool residual = false;
  Activation activation = Activation::none;

  std::size_t pixels() const { return conv.n * conv.p() * conv.q(); }
  std::size_t y_count() const { return (pixels() - 1) * pitch + conv.k; }

  std::string describe() const;  // that of the convolution, then "+ residual, relu, pitch 256"
};

struct Conv2dInference {
  using Problem = Conv2dInferenceProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* w,
                            const float* bias, const float* residual, float* y);
  static constexpr const char* op = "conv2d";
  static constexpr const char* pass = "inference";
  static constexpr bool tunable = true;
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<Conv2dInference>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* w, const T* bias, const T* residual,
                        T* y);
};

}  // namespace hilum
