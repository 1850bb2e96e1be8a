// global_avg_pool: the mean of every channel over the whole image, N,H,W,C -> N,C.
//
//   y[n,c]      = 1/(H W) * sum over h,w of x[n,h,w,c]
//   dx[n,h,w,c] = dy[n,c] / (H W)
#pragma once

#include "kernels/row.h"

namespace hilum {

struct GlobalAvgPoolProblem {
  std::size_t n, h, w, c;

  std::size_t x_count() const { return n * h * w * c; }
  std::size_t y_count() const { return n * c; }

  std::string describe() const;  // "16x7x7x2048"
};

// Throws a usage error where a size is zero.
void check(const GlobalAvgPoolProblem& problem);

struct GlobalAvgPoolForward {
  using Problem = GlobalAvgPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "global_avg_pool";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<GlobalAvgPoolForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct GlobalAvgPoolBackward {
  using Problem = GlobalAvgPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* dy, float* dx);
  static constexpr const char* op = "global_avg_pool";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<GlobalAvgPoolBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* dy, T* dx);
};

}  // namespace hilum
