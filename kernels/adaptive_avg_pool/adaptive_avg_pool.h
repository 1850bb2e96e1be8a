// adaptive_avg_pool: the mean of each of P x Q windows that cover the image evenly, whatever its
// size: a classifier made for 7 x 7 pixels takes images of any size behind it (the idea of spatial
// pyramid pooling: He et al., arXiv 1406.4729; windows as torch.nn.AdaptiveAvgPool2d draws them).
//
//   rows of window p: floor(p H / P) up to but not including ceil((p + 1) H / P); columns likewise
//   y[n,p,q,c]  = 1/count(p,q) * sum over the window of x[n,h,w,c]
//   dx[n,h,w,c] = sum over the windows (p,q) that cover (h,w) of dy[n,p,q,c] / count(p,q)
//
// Where P divides H the windows are those of avg_pool; otherwise neighbours share a line. Where the
// image is smaller than P x Q, pixels are repeated. Layout NHWC.
#pragma once

#include "kernels/pool_window.h"
#include "kernels/row.h"

namespace hilum {

struct AdaptiveAvgPoolProblem {
  std::size_t n, h, w, c;  // input
  std::size_t p, q;        // output

  std::size_t x_count() const { return n * h * w * c; }
  std::size_t y_count() const { return n * p * q * c; }

  std::string describe() const;  // "16x10x10x512 to 7x7"
};

// Throws a usage error where a size is zero.
void check(const AdaptiveAvgPoolProblem& problem);

// Of `size` pixels along one axis, those in window number `out` of `count`. The other way round,
// adaptive_range(pixel, count, size), these are the windows that cover a pixel.
constexpr PoolRange adaptive_range(std::size_t out, std::size_t size, std::size_t count) {
  return {out * size / count, ((out + 1) * size + count - 1) / count};
}

struct AdaptiveAvgPoolForward {
  using Problem = AdaptiveAvgPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "adaptive_avg_pool";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<AdaptiveAvgPoolForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct AdaptiveAvgPoolBackward {
  using Problem = AdaptiveAvgPoolProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* dy, float* dx);
  static constexpr const char* op = "adaptive_avg_pool";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<AdaptiveAvgPoolBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* dy, T* dx);
};

}  // namespace hilum
