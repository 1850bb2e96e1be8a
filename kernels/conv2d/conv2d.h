// conv2d: two-dimensional cross-correlation with stride, padding, dilation and groups.
//
//   y[n,p,q,k] = sum over r,s,c of  x[n, p*stride_h - pad_h + r*dilation_h,
//                                       q*stride_w - pad_w + s*dilation_w,
//                                       g*(C/G) + c]  *  w[k,r,s,c]        g = k / (K/G)
//
// with x read as zero outside of the image. The gradients:
//
//   dx[n,h,w,c] = sum over the k,r,s that read this pixel of  dy[n,p,q,k] * w[k,r,s,c]
//   dw[k,r,s,c] = sum over n,p,q of  dy[n,p,q,k] * x[n, h(p,r), w(q,s), c]
//
// Letters, here and in every convolution file:
//   N images, H x W pixels, C channels in; K filters of R x S taps; P x Q pixels out; G groups
// Layout: activations NHWC (x is N,H,W,C; y is N,P,Q,K), filters KRSC (w is K,R,S,C/G).
// The filter is not flipped (cross-correlation, as everywhere in deep learning). Dilation 1 is the
// ordinary convolution. G = C = K is a depthwise convolution. Bias is an operation of its own.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct Conv2dProblem {
  std::size_t n, h, w, c;  // input
  std::size_t k, r, s;     // filters
  std::size_t stride_h = 1, stride_w = 1;
  std::size_t pad_h = 0, pad_w = 0;
  std::size_t dilation_h = 1, dilation_w = 1;
  std::size_t groups = 1;

  // Output size: floor((H + 2 pad - dilation (R-1) - 1) / stride) + 1.
  std::size_t p() const { return (h + 2 * pad_h - dilation_h * (r - 1) - 1) / stride_h + 1; }
  std::size_t q() const { return (w + 2 * pad_w - dilation_w * (s - 1) - 1) / stride_w + 1; }

  std::size_t x_count() const { return n * h * w * c; }
  std::size_t w_count() const { return k * r * s * (c / groups); }
  std::size_t y_count() const { return n * p() * q() * k; }

  // "16x56x56x64 -> 64 3x3", then what is not the default: "/2 pad 1 dil 2 groups 4".
  std::string describe() const;
};

// Throws a usage error that names the shapes where they do not fit together: a zero size, channels
// or filters that groups do not divide, a filter larger than the padded image.
void check(const Conv2dProblem& problem);

struct Conv2dForward {
  using Problem = Conv2dProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* w,
                            float* y);
  static constexpr const char* op = "conv2d";
  static constexpr const char* pass = "forward";
  static constexpr bool tunable = true;
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<Conv2dForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* w, T* y);
};

struct Conv2dBackwardData {
  using Problem = Conv2dProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* w, const float* dy,
                            float* dx);
  static constexpr const char* op = "conv2d";
  static constexpr const char* pass = "backward_data";
  static constexpr bool tunable = true;
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<Conv2dBackwardData>& table();
  template <class T>
  static void reference(const Problem&, const T* w, const T* dy, T* dx);
};

struct Conv2dBackwardWeight {
  using Problem = Conv2dProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* dy,
                            float* dw);
  static constexpr const char* op = "conv2d";
  static constexpr const char* pass = "backward_weight";
  static constexpr bool tunable = true;
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<Conv2dBackwardWeight>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* dy, T* dw);
};

}  // namespace hilum
