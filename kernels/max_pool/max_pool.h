// max_pool: the largest value of each window, channel by channel.
//
//   y[n,p,q,c] = max over r,s of  x[n, p*stride_h - pad_h + r, q*stride_w - pad_w + s, c]
//   dx[n,h,w,c] = sum of dy[n,p,q,c] over the windows whose maximum is at (h,w)
//
// Pixels outside of the image count as minus infinity, so they never win. Where several pixels of a
// window hold its maximum, the first in row-major order gets the gradient. A NaN in the window wins
// (the last one, if several): what is broken stays visible.
// Backward finds the maxima again from x instead of keeping their indices: x is kept anyway by the
// layer before, and the indices would be as much memory again as y.
// Letters and output size: pool_window.h.
#pragma once

#include "kernels/pool_window.h"
#include "kernels/row.h"

namespace hilum {

struct MaxPoolProblem : PoolWindow {};

inline void check(const MaxPoolProblem& problem) { check(problem, "max_pool"); }

struct MaxPoolForward {
  using Problem = MaxPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "max_pool";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<MaxPoolForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct MaxPoolBackward {
  using Problem = MaxPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* dy,
                            float* dx);
  static constexpr const char* op = "max_pool";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<MaxPoolBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* dy, T* dx);
};

}  // namespace hilum
