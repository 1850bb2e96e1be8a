// relu_max_pool: a ReLU and the maximum of each window behind it, as one operation that keeps a
// byte an output instead of its input.
//
//   y[n,p,q,c] = max(0, max over r,s of x[n, p*stride_h - pad_h + r, q*stride_w - pad_w + s, c])
//   index[n,p,q,c] = r*S + s of that maximum, the first in row-major order where several are equal;
//                    R*S where it is not above 0, so that nothing gets the gradient
//   dx[n,h,w,c] = sum of dy[n,p,q,c] over the windows whose index is the place of (h,w)
//
// Pixels outside of the image count as minus infinity. A NaN in the window wins, as in max_pool.
// Windows have at most 255 pixels. Letters and output size: kernels/pool_window.h.
#pragma once

#include <cstdint>

#include "kernels/pool_window.h"
#include "kernels/row.h"

namespace hilum {

struct ReluMaxPoolProblem : PoolWindow {
  std::size_t none() const { return r * s; }  // the index that is no place
};

void check(const ReluMaxPoolProblem& problem);

struct ReluMaxPoolForward {
  using Problem = ReluMaxPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y,
                            std::uint8_t* index);
  static constexpr const char* op = "relu_max_pool";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<ReluMaxPoolForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y, std::uint8_t* index);
};

struct ReluMaxPoolBackward {
  using Problem = ReluMaxPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const std::uint8_t* index,
                            const float* dy, float* dx);
  static constexpr const char* op = "relu_max_pool";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<ReluMaxPoolBackward>& table();
  template <class T>
  static void reference(const Problem&, const std::uint8_t* index, const T* dy, T* dx);
};

}  // namespace hilum
