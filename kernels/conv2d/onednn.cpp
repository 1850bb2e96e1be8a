// conv2d, oneDNN: the yardstick of the rows that are written here. Activations are given as plain
// NHWC; the filters' layout is the primitive's own choice (blocks of 16), and putting our KRSC into
// it is part of the call, as packing is for our rows.
// Its backward_weight splits the sum over images by thread, so its bits follow the thread count.
//
// onednn_winograd is the library's F(4x4, 3x3). It wants activations in blocks of 16 channels;
// putting NHWC into them and back is part of the call. The library alone knows what it can run:
// whether a primitive can be made is what why_not asks.
#include "kernels/onednn.h"

#include <fmt/format.h>

#include "kernels/conv2d/rows.h"

#ifdef HILUM_HAVE_ONEDNN

namespace hilum {
namespace {

using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

std::int64_t dim(std::size_t size) { return static_cast<std::int64_t>(size); }

// The descriptors of a problem in oneDNN's words. A pass asks for the layouts that we have, except
// for the filters, where it may choose.
struct Shapes {
  dnnl::memory::desc x, y, w, any_w;
  dnnl::memory::desc own_x, own_y;  // as the primitive has them
  dnnl::algorithm algorithm;
  Dims strides, dilation, pad_before, pad_after;

  Shapes(const Conv2dProblem& a, dnnl::algorithm its_algorithm) : algorithm(its_algorithm) {
    x = onednn::tensor({dim(a.n), dim(a.c), dim(a.h), dim(a.w)}, Tag::nhwc);
    y = onednn::tensor({dim(a.n), dim(a.k), dim(a.p()), dim(a.q())}, Tag::nhwc);
    Dims filter = {dim(a.k), dim(a.c), dim(a.r), dim(a.s)};
    if (a.groups != 1) {
      filter = {dim(a.groups), dim(a.k / a.groups), dim(a.c / a.groups), dim(a.r), dim(a.s)};
    }
    w = onednn::tensor(filter, a.groups == 1 ? Tag::ohwi : Tag::gohwi);
    any_w = onednn::tensor(filter, Tag::any);
    const bool direct = algorithm == dnnl::algorithm::convolution_direct;
    own_x = direct ? x : onednn::tensor(x.dims(), Tag::any);
    own_y = direct ? y : onednn::tensor(y.dims(), Tag::any);
    strides = {dim(a.stride_h), dim(a.stride_w)};
    dilation = {dim(a.dilation_h) - 1, dim(a.dilation_w) - 1};  // 0 is the ordinary convolution
    pad_before = {dim(a.pad_h), dim(a.pad_w)};
    // What the last output pixel reads beyond the image; less than pad where the stride leaves a
    // rest, so it may be negative: pixels that nothing reads.
    auto after = [](std::size_t out, std::size_t stride, std::size_t reach, std::size_t in,
                    std::size_t pad) {
      return dim((out - 1) * stride + reach) - dim(in) - dim(pad);
    };
    pad_after = {after(a.p(), a.stride_h, a.dilation_h * (a.r - 1) + 1, a.h, a.pad_h),
                 after(a.q(), a.stride_w, a.dilation_w * (a.s - 1) + 1, a.w, a.pad_w)};
  }

  dnnl::convolution_forward::primitive_desc forward() const {
    return {{dnnl::prop_kind::forward_training, algorithm, own_x, any_w, own_y, strides, dilation,
             pad_before, pad_after},
            onednn::engine()};
  }
  dnnl::convolution_backward_data::primitive_desc backward_data() const {
    return {{algorithm, own_x, any_w, own_y, strides, dilation, pad_before, pad_after},
            onednn::engine(),
            forward()};
  }
  dnnl::convolution_backward_weights::primitive_desc backward_weight() const {
    return {{algorithm, own_x, any_w, own_y, strides, dilation, pad_before, pad_after},
            onednn::engine(),
            forward()};
  }
};

constexpr auto direct = dnnl::algorithm::convolution_direct;
constexpr auto winograd = dnnl::algorithm::convolution_winograd;

std::string key(const char* pass, const Conv2dProblem& a, dnnl::algorithm algorithm) {
  return fmt::format("conv2d.{} {}{}", pass, a.describe(),
                     algorithm == winograd ? " winograd" : "");
}

void forward(const Conv2dProblem& a, dnnl::algorithm algorithm, const float* x, const float* w,
             float* y) {
  onednn::Primitive& primitive = onednn::cached(key("forward", a, algorithm), [&] {
    const Shapes shapes(a, algorithm);
    const auto pd = shapes.forward();
    onednn::Primitive built{dnnl::convolution_forward(pd)};
    built.input(DNNL_ARG_SRC, shapes.x, pd.src_desc());
    built.input(DNNL_ARG_WEIGHTS, shapes.w, pd.weights_desc());
    built.output(DNNL_ARG_DST, shapes.y, pd.dst_desc());
    return built;
  });
  primitive.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}});
}

void backward_data(const Conv2dProblem& a, dnnl::algorithm algorithm, const float* w,
                   const float* dy, float* dx) {
  onednn::Primitive& primitive = onednn::cached(key("backward_data", a, algorithm), [&] {
    const Shapes shapes(a, algorithm);
    const auto pd = shapes.backward_data();
    onednn::Primitive built{dnnl::convolution_backward_data(pd)};
    built.input(DNNL_ARG_WEIGHTS, shapes.w, pd.weights_desc());
    built.input(DNNL_ARG_DIFF_DST, shapes.y, pd.diff_dst_desc());
    built.output(DNNL_ARG_DIFF_SRC, shapes.x, pd.diff_src_desc());
    return built;
  });
  primitive.run({{DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
}

void backward_weight(const Conv2dProblem& a, dnnl::algorithm algorithm, const float* x,
                     const float* dy, float* dw) {
  onednn::Primitive& primitive = onednn::cached(key("backward_weight", a, algorithm), [&] {
    const Shapes shapes(a, algorithm);
    const auto pd = shapes.backward_weight();
    onednn::Primitive built{dnnl::convolution_backward_weights(pd)};
    built.input(DNNL_ARG_SRC, shapes.x, pd.src_desc());
    built.input(DNNL_ARG_DIFF_DST, shapes.y, pd.diff_dst_desc());
    built.output(DNNL_ARG_DIFF_WEIGHTS, shapes.w, pd.diff_weights_desc());
    return built;
  });
  primitive.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_WEIGHTS, dw}});
}

// Whether the library has its Winograd for this problem here.
template <class MakeDescriptor>
const char* why_not_winograd(const Conv2dProblem& a, MakeDescriptor make) {
  if (a.r != 3 || a.s != 3) return "runs 3x3 filters only";
  if (a.c < 16 || a.k < 16) return "gains nothing below 16 channels or filters";
  try {
    make(Shapes(a, winograd));
    return nullptr;
  } catch (const dnnl::error&) {
    return "the library has no Winograd for this problem on this machine";
  }
}

}  // namespace

void conv2d_forward_onednn(const Launch&, const Conv2dProblem& a, const float* x, const float* w,
                           float* y) {
  forward(a, direct, x, w, y);
}
void conv2d_backward_data_onednn(const Launch&, const Conv2dProblem& a, const float* w,
                                 const float* dy, float* dx) {
  backward_data(a, direct, w, dy, dx);
}
void conv2d_backward_weight_onednn(const Launch&, const Conv2dProblem& a, const float* x,
                                   const float* dy, float* dw) {
  backward_weight(a, direct, x, dy, dw);
}

const char* conv2d_why_not_forward_onednn_winograd(const Conv2dProblem& a) {
  return why_not_winograd(a, [](const Shapes& shapes) { return shapes.forward(); });
}
const char* conv2d_why_not_backward_data_onednn_winograd(const Conv2dProblem& a) {
  return why_not_winograd(a, [](const Shapes& shapes) { return shapes.backward_data(); });
}
const char* conv2d_why_not_backward_weight_onednn_winograd(const Conv2dProblem& a) {
  return why_not_winograd(a, [](const Shapes& shapes) { return shapes.backward_weight(); });
}
void conv2d_forward_onednn_winograd(const Launch&, const Conv2dProblem& a, const float* x,
                                    const float* w, float* y) {
  forward(a, winograd, x, w, y);
}
void conv2d_backward_data_onednn_winograd(const Launch&, const Conv2dProblem& a, const float* w,
                                          const float* dy, float* dx) {
  backward_data(a, winograd, w, dy, dx);
}
void conv2d_backward_weight_onednn_winograd(const Launch&, const Conv2dProblem& a, const float* x,
                                            const float* dy, float* dw) {
  backward_weight(a, winograd, x, dy, dw);
}

}  // namespace hilum

#endif
