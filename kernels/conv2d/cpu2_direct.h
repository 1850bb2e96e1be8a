// conv2d, direct: what its files share. cpu2_direct.cpp states forward and backward_data as
// correlations, cpu2_direct_correlate.cpp computes a correlation, cpu2_direct_weight.cpp is
// backward_weight, that of 1x1 filters in cpu2_direct_weight_product.cpp.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>

#include "kernels/conv2d/epilogue.h"
#include "kernels/conv2d/inference.h"
#include "kernels/work.h"

namespace hilum {

// A correlation over NHWC in which every step is free:
//
//   out[n,p,q,g,k] = sum over i < taps_h, j < taps_w, c < group_c of
//     in[n, p*stride_h - pad_h + i*tap_h, q*stride_w - pad_w + j*tap_w, g,c] * filter(g,k,i,j,c)
//
// with `in` read as zero outside of the image. No taps: out is zero. The forward pass is one of
// these, backward_data one for each of the stride_h x stride_w phases of its image.
struct Correlation {
  std::size_t n, in_h, in_w;                  // input images, dense NHWC
  std::size_t out_h, out_w;                   // output pixels
  std::size_t out_image, out_row, out_pixel;  // floats from one to the next
  std::size_t groups, group_c, group_k;       // channels and filters of a group
  std::size_t taps_h, taps_w, tap_h, tap_w;   // number and distance (in pixels) of the taps
  std::size_t stride_h, stride_w;
  std::ptrdiff_t pad_h, pad_w;  // may be negative: then the image is cut
  std::ptrdiff_t filter_base;   // filter(g,k,i,j,c) is at w[filter_base +
  std::ptrdiff_t filter_g, filter_k, filter_i, filter_j, filter_c;  // g*filter_g + k*filter_k + …]

  std::size_t in_c() const { return groups * group_c; }
  std::size_t reach_h() const { return taps_h == 0 ? 1 : (taps_h - 1) * tap_h + 1; }
  std::size_t reach_w() const { return taps_w == 0 ? 1 : (taps_w - 1) * tap_w + 1; }
};

Correlation forward_correlation(const Conv2dProblem&);
Correlation inference_correlation(const Conv2dInferenceProblem&);  // pixels `pitch` apart
// backward_data: calls visit(correlation of dy, offset of its first pixel in dx) for each phase
// that has pixels; together they cover dx.
void for_each_phase(const Conv2dProblem&,
                    const std::function<void(const Correlation&, std::size_t)>& visit);
// The only phase where the stride is 1.
Correlation backward_data_correlation(const Conv2dProblem&);

// Workspace of one correlation, for the threads that are set now.
std::size_t correlate_workspace(const Correlation&);
void correlate(const Launch&, const Correlation&, const float* in, const float* w, float* out);

// The same in two steps, the first of which is done once for many calls: packing the filters, and
// the correlation with them, which ends in an epilogue where `e` has one.
std::size_t correlate_packed_floats(const Correlation&);
void correlate_pack(const Correlation&, const float* w, float* packed);
std::size_t correlate_packed_workspace(const Correlation&);
void correlate_packed(const Launch&, const Correlation&, const float* in, const float* packed,
                      const Epilogue& e, float* out);

// Copies the part [h0, h0 + rows) x [w0, w0 + columns) of an image of in_h x in_w pixels of
// c channels to `to`, zeros where it lies outside of the image.
inline void copy_padded(const float* image, std::size_t in_h, std::size_t in_w, std::size_t c,
                        std::ptrdiff_t h0, std::ptrdiff_t w0, std::size_t rows, std::size_t columns,
                        float* to) {
  const auto signed_w = static_cast<std::ptrdiff_t>(in_w);
  const auto signed_columns = static_cast<std::ptrdiff_t>(columns);
  const std::ptrdiff_t begin = std::clamp<std::ptrdiff_t>(-w0, 0, signed_columns);
  const std::ptrdiff_t end = std::clamp<std::ptrdiff_t>(signed_w - w0, begin, signed_columns);
  const auto zeros_before = static_cast<std::size_t>(begin) * c;
  const auto copied = static_cast<std::size_t>(end - begin) * c;
  for (std::size_t row = 0; row < rows; ++row, to += columns * c) {
    const std::ptrdiff_t h = h0 + static_cast<std::ptrdiff_t>(row);
    if (h < 0 || h >= static_cast<std::ptrdiff_t>(in_h) || copied == 0) {
      std::fill_n(to, columns * c, 0.0f);
      continue;
    }
    std::fill_n(to, zeros_before, 0.0f);
    std::copy_n(image + (h * signed_w + w0 + begin) * static_cast<std::ptrdiff_t>(c), copied,
                to + zeros_before);
    std::fill_n(to + zeros_before + copied, columns * c - zeros_before - copied, 0.0f);
  }
}

// Floats in a register of the instruction set in use.
std::size_t lanes_now();

// Pixels or channels of a tile in registers for that many floats to the register.
inline std::size_t tile_m_of(std::size_t lanes) { return lanes == 16 ? 14 : lanes == 8 ? 6 : 4; }

// backward_weight of 1x1 filters, in a file of its own.
bool is_product(const Conv2dProblem&);
std::size_t backward_weight_product_workspace(const Conv2dProblem&);
void backward_weight_product(const Launch&, const Conv2dProblem&, const float* x, const float* dy,
                             float* dw);

inline std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace hilum
