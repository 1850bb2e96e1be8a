// conv2d, CPU 2, direct: no matrix of patches. The output's tile stays in registers while all taps
// and channels pass by; the work itself is cpu2_direct_correlate.cpp. Here the two passes are
// written as correlations:
//
//   forward        one correlation of x with w
//   backward_data  for stride 1 a correlation of dy with the filters turned by 180 degrees and
//                  their two channel axes swapped. For stride > 1 the pixels of dx fall into
//                  stride_h x stride_w phases; the pixels of one phase are read by the same subset
//                  of taps, at dy pixels that lie side by side: again a correlation of stride 1.
//                  A phase that no tap reads (1x1 with stride 2 has three) gets zeros.
#include "kernels/conv2d/cpu2_direct.h"

#include <numeric>

#include "kernels/conv2d/rows.h"

namespace hilum {
namespace {

std::ptrdiff_t to_signed(std::size_t size) { return static_cast<std::ptrdiff_t>(size); }

// One axis of a phase: dx pixels first, first + stride, ... and the taps that read them.
struct Phase {
  std::size_t pixels;          // of dx in this phase
  std::size_t first_tap = 0;   // taps first_tap, first_tap + tap_step, ...
  std::size_t tap_step, taps;  // taps may be 0
  std::size_t distance;        // between the dy pixels of two neighbouring taps
  std::ptrdiff_t pad;          // of the correlation over dy

  // dx pixel h = first + stride*t is read by tap r at dy pixel p where
  //   h + pad = p*stride + r*dilation, so r*dilation = first + pad (mod stride),
  // which holds for every (stride / gcd)-th r, if for any; and p falls by dilation / gcd from one
  // such tap to the next, so the last of them comes first in the correlation.
  Phase(std::size_t first, std::size_t size, std::size_t stride, std::size_t dilation,
        std::size_t all_taps, std::size_t padding)
      : pixels(first < size ? ceil_div(size - first, stride) : 0) {
    const std::size_t divisor = std::gcd(stride, dilation);
    tap_step = stride / divisor;
    distance = dilation / divisor;
    while (first_tap < all_taps && (first_tap * dilation) % stride != (first + padding) % stride) {
      ++first_tap;
    }
    taps = first_tap < all_taps ? ceil_div(all_taps - first_tap, tap_step) : 0;
    if (taps == 0) {
      pad = 0;
      return;
    }
    const std::ptrdiff_t p_of_first_tap =
        (to_signed(first + padding) - to_signed(first_tap * dilation)) / to_signed(stride);
    pad = to_signed((taps - 1) * distance) - p_of_first_tap;
  }
};

}  // namespace

void for_each_phase(const Conv2dProblem& a,
                    const std::function<void(const Correlation&, std::size_t)>& visit) {
  const std::size_t group_c = a.c / a.groups, group_k = a.k / a.groups;
  const std::size_t filter = a.r * a.s * group_c;
  for (std::size_t first_h = 0; first_h < a.stride_h; ++first_h) {
    for (std::size_t first_w = 0; first_w < a.stride_w; ++first_w) {
      const Phase h(first_h, a.h, a.stride_h, a.dilation_h, a.r, a.pad_h);
      const Phase w(first_w, a.w, a.stride_w, a.dilation_w, a.s, a.pad_w);
      if (h.pixels == 0 || w.pixels == 0) continue;
      Correlation b{};
      b.n = a.n, b.in_h = a.p(), b.in_w = a.q();
      b.out_h = h.pixels, b.out_w = w.pixels;
      b.out_pixel = a.stride_w * a.c, b.out_row = a.stride_h * a.w * a.c;
      b.out_image = a.h * a.w * a.c;
      b.groups = a.groups, b.group_c = group_k, b.group_k = group_c;  // dy's channels come in
      b.taps_h = h.taps, b.taps_w = w.taps, b.tap_h = h.distance, b.tap_w = w.distance;
      b.stride_h = b.stride_w = 1;
      b.pad_h = h.pad, b.pad_w = w.pad;
      b.filter_c = to_signed(filter);
      b.filter_k = 1;
      b.filter_i = -to_signed(h.tap_step * a.s * group_c);
      b.filter_j = -to_signed(w.tap_step * group_c);
      b.filter_g = to_signed(group_k * filter);
      if (h.taps != 0 && w.taps != 0) {
        const std::size_t last_r = h.first_tap + (h.taps - 1) * h.tap_step;
        const std::size_t last_s = w.first_tap + (w.taps - 1) * w.tap_step;
        b.filter_base = to_signed((last_r * a.s + last_s) * group_c);
      } else {
        b.taps_h = b.taps_w = 0;
      }
      visit(b, (first_h * a.w + first_w) * a.c);
    }
  }
}

Correlation forward_correlation(const Conv2dProblem& a) {
  Correlation b{};
  b.n = a.n, b.in_h = a.h, b.in_w = a.w;
  b.out_h = a.p(), b.out_w = a.q();
  b.out_pixel = a.k, b.out_row = a.q() * a.k, b.out_image = a.p() * a.q() * a.k;
  b.groups = a.groups, b.group_c = a.c / a.groups, b.group_k = a.k / a.groups;
  b.taps_h = a.r, b.taps_w = a.s, b.tap_h = a.dilation_h, b.tap_w = a.dilation_w;
  b.stride_h = a.stride_h, b.stride_w = a.stride_w;
  b.pad_h = to_signed(a.pad_h), b.pad_w = to_signed(a.pad_w);
  b.filter_c = 1;
  b.filter_j = to_signed(b.group_c);
  b.filter_i = to_signed(a.s * b.group_c);
  b.filter_k = to_signed(a.r * a.s * b.group_c);
  b.filter_g = b.filter_k * to_signed(b.group_k);
  return b;
}

Correlation inference_correlation(const Conv2dInferenceProblem& a) {
  Correlation b = forward_correlation(a.conv);
  b.out_pixel = a.pitch, b.out_row = b.out_w * a.pitch, b.out_image = b.out_h * b.out_row;
  return b;
}

Correlation backward_data_correlation(const Conv2dProblem& a) {
  Correlation only{};
  for_each_phase(a, [&](const Correlation& phase, std::size_t) { only = phase; });
  return only;
}

std::size_t conv2d_forward_cpu2_workspace(const Conv2dProblem& a) {
  return correlate_workspace(forward_correlation(a));
}

void conv2d_forward_cpu2(const Launch& launch, const Conv2dProblem& a, const float* x,
                         const float* w, float* y) {
  correlate(launch, forward_correlation(a), x, w, y);
}

std::size_t conv2d_inference_cpu2_workspace(const Conv2dInferenceProblem& a) {
  return correlate_packed_workspace(inference_correlation(a));
}
std::size_t conv2d_inference_cpu2_filters(const Conv2dInferenceProblem& a) {
  return correlate_packed_floats(inference_correlation(a));
}
void conv2d_inference_cpu2_prepare(const Conv2dInferenceProblem& a, const float* w,
                                   float* prepared) {
  correlate_pack(inference_correlation(a), w, prepared);
}
void conv2d_inference_cpu2(const Launch& launch, const Conv2dInferenceProblem& a, const float* x,
                           const float* w, const float* bias, const float* residual, float* y) {
  correlate_packed(launch, inference_correlation(a), x, w, {bias, residual, a.activation}, y);
}

std::size_t conv2d_backward_data_cpu2_workspace(const Conv2dProblem& a) {
  std::size_t largest = 0;
  for_each_phase(a, [&](const Correlation& phase, std::size_t) {
    largest = std::max(largest, correlate_workspace(phase));
  });
  return largest;
}

void conv2d_backward_data_cpu2(const Launch& launch, const Conv2dProblem& a, const float* w,
                               const float* dy, float* dx) {
  for_each_phase(a, [&](const Correlation& phase, std::size_t offset) {
    correlate(launch, phase, dy, w, dx + offset);
  });
}

}  // namespace hilum
