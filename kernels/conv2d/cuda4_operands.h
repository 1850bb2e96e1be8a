// conv2d, CUDA: the matrices of a convolution that exist nowhere: im2col of an image, a filter seen
// from behind, and where the results belong. For kernels see cuda3_operands.h.
#pragma once

#include "kernels/conv2d/cuda3_operands.h"
#include "kernels/conv2d/epilogue.h"
#include "kernels/conv2d/inference.h"

namespace hilum {
namespace {

constexpr int far_outside = -(1 << 30);  // twice that is still an int

// Row m = output pixel (image, p, q), depth d = (tap i, tap j, channel): the pixel of NHWC `in`
// that the pair reads; see Axis. `channels` are those in memory, whole pieces.
template <class T>
struct Gather {
  using Element = T;
  struct Row {
    const T* place;  // of tap (0, 0), channel 0; outside of `in` where the pixel is
    int h, w;
  };
  struct Depth {
    int place;  // from there
    int h, w;
  };
  static constexpr bool along_depth = true;
  const T* in;
  int channels, pixels;
  Axis h, w;
  std::ptrdiff_t image_step;
  FastDivide by_channels, by_taps, by_image, by_row;

  Gather(const T* in_, std::size_t images, std::size_t channels_, const Axis& h_, const Axis& w_)
      : in(in_),
        channels(static_cast<int>(channels_)),
        pixels(static_cast<int>(images) * h_.out * w_.out),
        h(h_),
        w(w_),
        image_step(static_cast<std::ptrdiff_t>(h_.in) * w_.in * channels),
        by_channels(channels),
        by_taps(w_.taps),
        by_image(h_.out * w_.out),
        by_row(w_.out) {}

  __device__ void select(int) {}
  __device__ Row row(int m) const {
    if (m >= pixels) return {in, far_outside, 0};
    const int image = by_image(m), pixel = m - image * h.out * w.out, p = by_row(pixel);
    const int y = p * h.step + h.start, x = (pixel - p * w.out) * w.step + w.start;
    return {in + image * image_step + static_cast<std::ptrdiff_t>(y * w.in + x) * channels, y, x};
  }
  __device__ Depth depth(int d, int end) const {
    if (d >= end) return {0, far_outside, 0};
    const int tap = by_channels(d), i = by_taps(tap);
    const int y = i * h.distance, x = (tap - i * w.taps) * w.distance;
    return {(y * w.in + x) * channels + d - tap * channels, y, x};
  }
  __device__ bool inside(const Row& row, const Depth& depth) const {
    return static_cast<unsigned>(row.h + depth.h) < static_cast<unsigned>(h.in) &&
           static_cast<unsigned>(row.w + depth.w) < static_cast<unsigned>(w.in);
  }
  __device__ const T* at(const Row& row, const Depth& depth) const {
    return row.place + depth.place;
  }
};

// A source with its rows and depth exchanged; `rows` of them.
template <class Source>
struct Transposed {
  using Element = typename Source::Element;
  using Row = typename Source::Depth;
  using Depth = typename Source::Row;
  static constexpr bool along_depth = !Source::along_depth;
  Source source;
  int rows;

  __device__ void select(int batch) { source.select(batch); }
  __device__ Row row(int r) const { return source.depth(r, rows); }
  __device__ Depth depth(int d, int end) const { return source.row(d < end ? d : 0x7FFFFFFF); }
  __device__ bool inside(const Row& row, const Depth& depth) const {
    return source.inside(depth, row);
  }
  __device__ const Element* at(const Row& row, const Depth& depth) const {
    return source.at(depth, row);
  }
};

// Filters as backward_data wants them: row = input channel, depth = (tap i, tap j, filter k), of a
// KRSC array whose `channels` are whole pieces. Filters from `filters` on are zero.
template <class T>
struct FilterFromBehind {
  using Element = T;
  using Row = int;
  struct Depth {
    const T* filter;
    bool inside;
  };
  static constexpr bool along_depth = false;
  const T* w;
  int channels, filters, r, s;
  Axis h_axis, w_axis;
  FastDivide by_filters, by_taps;
  int padded_filters;

  FilterFromBehind(const T* w_, const Conv2dProblem& a, std::size_t vector, const Axis& h_axis_,
                   const Axis& w_axis_)
      : w(w_),
        channels(static_cast<int>(ceil_to(a.c, vector))),
        filters(static_cast<int>(a.k)),
        r(static_cast<int>(a.r)),
        s(static_cast<int>(a.s)),
        h_axis(h_axis_),
        w_axis(w_axis_),
        by_filters(static_cast<int>(ceil_to(a.k, vector))),
        by_taps(w_axis_.taps),
        padded_filters(static_cast<int>(ceil_to(a.k, vector))) {}

  __device__ void select(int) {}
  __device__ Row row(int c) const { return c; }
  __device__ Depth depth(int d, int end) const {
    const int tap = by_filters(d), k = d - tap * padded_filters;
    const int i = by_taps(tap), j = tap - i * w_axis.taps;
    const int place = (k * r + h_axis.first_tap + i * h_axis.tap_step) * s + w_axis.first_tap +
                      j * w_axis.tap_step;
    return {w + static_cast<std::ptrdiff_t>(place) * channels, d < end && k < filters};
  }
  __device__ bool inside(Row c, const Depth& depth) const { return c < channels && depth.inside; }
  __device__ const T* at(Row c, const Depth& depth) const { return depth.filter + c; }
};

// Row m = output pixel of a correlation, column = channel: the pixel's place in NHWC `out`.
struct PixelStore {
  float* out;
  std::size_t image_step, row_step, pixel_step;
  int channels, image_pixels, row_pixels;
  FastDivide by_image, by_row;

  // `out` has out_h x out_w pixels.
  PixelStore(float* out_, const Axis& h, const Axis& w, std::size_t out_h, std::size_t out_w,
             std::size_t channels_)
      : out(out_ + (static_cast<std::size_t>(h.first_out) * out_w +
                    static_cast<std::size_t>(w.first_out)) *
                       channels_),
        image_step(out_h * out_w * channels_),
        row_step(static_cast<std::size_t>(h.out_step) * out_w * channels_),
        pixel_step(static_cast<std::size_t>(w.out_step) * channels_),
        channels(static_cast<int>(channels_)),
        image_pixels(h.out * w.out),
        row_pixels(w.out),
        by_image(image_pixels),
        by_row(row_pixels) {}

  __device__ int grain() const { return channels; }
  __device__ float* row(int, int m) const {
    const int image = by_image(m), pixel = m - image * image_pixels, p = by_row(pixel);
    return out + static_cast<std::size_t>(image) * image_step +
           static_cast<std::size_t>(p) * row_step +
           static_cast<std::size_t>(pixel - p * row_pixels) * pixel_step;
  }
  __device__ float* at(int m, int n) const { return row(0, m) + n; }
};

// The same for inference (inference.h): a result is finished on its way.
struct FinishedPixelStore : PixelStore {
  Epilogue ending;
  std::size_t filters;
  int misplaced;  // y may begin anywhere in a joint tensor

  FinishedPixelStore(float* y, const Conv2dInferenceProblem& a, const Epilogue& ending_)
      : PixelStore(y, forward_h(a.conv), forward_w(a.conv), a.conv.p(), a.conv.q(), a.pitch),
        ending(ending_),
        filters(a.conv.k),
        misplaced(static_cast<int>(reinterpret_cast<std::uintptr_t>(y) / sizeof(float) % 4)) {}
  __device__ int grain() const { return channels | misplaced; }
  __device__ float finish(int m, int n, float sum) const {
    return hilum::finish(ending, sum, static_cast<std::size_t>(n), static_cast<std::size_t>(m),
                         filters);
  }
};

// Row k = filter, column = (tap, channel): the place in KRSC dw. Channels that only padding added
// have none; without padding, rows are those of dw.
struct FilterStore {
  float* dw;
  int taps, channels, padded;
  FastDivide by_padded;

  FilterStore(float* dw_, const Conv2dProblem& a, std::size_t vector)
      : dw(dw_),
        taps(static_cast<int>(a.r * a.s)),
        channels(static_cast<int>(a.c)),
        padded(static_cast<int>(ceil_to(a.c, vector))),
        by_padded(padded) {}

  __device__ int grain() const { return taps * channels; }
  __device__ float* row(int, int k) const {
    return dw + static_cast<std::size_t>(k) * static_cast<std::size_t>(taps * channels);
  }
  __device__ float* at(int k, int n) const {
    const int tap = by_padded(n), c = n - tap * padded;
    return c < channels ? row(0, k) + tap * channels + c : nullptr;
  }
};

}  // namespace
}  // namespace hilum
