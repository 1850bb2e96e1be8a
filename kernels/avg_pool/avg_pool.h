// avg_pool: the mean of each window, channel by channel.
//
//   y[n,p,q,c]  = 1/count(p,q) * sum over r,s of  x[n, p*stride_h - pad_h + r,
//                                                    q*stride_w - pad_w + s, c]
//   dx[n,h,w,c] = sum over the windows (p,q) that cover (h,w) of  dy[n,p,q,c] / count(p,q)
//
// Pixels outside of the image read as zero. count(p,q) is R*S when count_include_pad is set (as
// torch.nn.AvgPool2d has it by default), else the number of the window's pixels that lie inside of
// the image. Without padding both are the same.
// Letters and output size: pool_window.h.
#pragma once

#include "kernels/pool_window.h"
#include "kernels/row.h"

namespace hilum {

struct AvgPoolProblem : PoolWindow {
  bool count_include_pad = true;

  std::string describe() const;

  // The divisor of an output pixel.
  constexpr std::size_t count(PoolRange rows, PoolRange columns) const {
    return count_include_pad ? r * s : (rows.end - rows.begin) * (columns.end - columns.begin);
  }
};

// Also where ceiling mode is asked for: no network here has it, and there is more than one opinion
// on what its last window is divided by.
void check(const AvgPoolProblem& problem);

struct AvgPoolForward {
  using Problem = AvgPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "avg_pool";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<AvgPoolForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct AvgPoolBackward {
  using Problem = AvgPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* dy, float* dx);
  static constexpr const char* op = "avg_pool";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<AvgPoolBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* dy, T* dx);
};

}  // namespace hilum
