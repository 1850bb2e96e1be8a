// zero_pad: lines of zeros around every image, N,H,W,C -> N, H + top + bottom, W + left + right, C.
//
//   y[n,h,w,c] = x[n, h - top, w - left, c] inside of the image, else 0;   dx is dy without the rim
//
// For padding that conv2d cannot give: TensorFlow's "same" puts the odd line at the end.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct ZeroPadProblem {
  std::size_t n, h, w, c;  // input
  std::size_t top = 0, bottom = 0, left = 0, right = 0;

  constexpr std::size_t p() const { return top + h + bottom; }
  constexpr std::size_t q() const { return left + w + right; }
  constexpr std::size_t x_count() const { return n * h * w * c; }
  constexpr std::size_t y_count() const { return n * p() * q() * c; }

  std::string describe() const;  // "16x112x112x96 0+1 0+1"
};

struct ZeroPadForward {
  using Problem = ZeroPadProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "zero_pad";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<ZeroPadForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct ZeroPadBackward {
  using Problem = ZeroPadProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* dy, float* dx);
  static constexpr const char* op = "zero_pad";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<ZeroPadBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* dy, T* dx);
};

}  // namespace hilum
