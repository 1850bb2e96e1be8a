// conv2d, oneDNN: the yardstick of the rows that are written here. Activations are given as plain
// NHWC; the filters' layout is the primitive's own choice (blocks of 16), and putting our KRSC into
// it is part of the call, as packing is for our rows.
// Its backward_weight splits the sum over images by thread, so its bits follow the thread count.
#include "kernels/onednn.h"

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
  Dims strides, dilation, pad_before, pad_after;

  explicit Shapes(const Conv2dProblem& a) {
    x = onednn::tensor({dim(a.n), dim(a.c), dim(a.h), dim(a.w)}, Tag::nhwc);
    y = onednn::tensor({dim(a.n), dim(a.k), dim(a.p()), dim(a.q())}, Tag::nhwc);
    Dims filter = {dim(a.k), dim(a.c), dim(a.r), dim(a.s)};
    if (a.groups != 1) {
      filter = {dim(a.groups), dim(a.k / a.groups), dim(a.c / a.groups), dim(a.r), dim(a.s)};
    }
    w = onednn::tensor(filter, a.groups == 1 ? Tag::ohwi : Tag::gohwi);
    any_w = onednn::tensor(filter, Tag::any);
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

  dnnl::convolution_forward::primitive_desc forward(dnnl::prop_kind kind) const {
    return {{kind, dnnl::algorithm::convolution_direct, x, any_w, y, strides, dilation, pad_before,
             pad_after},
            onednn::engine()};
  }
};

}  // namespace

void conv2d_forward_onednn(const Launch&, const Conv2dProblem& a, const float* x, const float* w,
                           float* y) {
  onednn::Primitive& primitive = onednn::cached("conv2d.forward " + a.describe(), [&] {
    const Shapes shapes(a);
    const auto pd = shapes.forward(dnnl::prop_kind::forward_training);
    onednn::Primitive built{dnnl::convolution_forward(pd)};
    built.input(DNNL_ARG_SRC, shapes.x, pd.src_desc());
    built.input(DNNL_ARG_WEIGHTS, shapes.w, pd.weights_desc());
    built.output(DNNL_ARG_DST, shapes.y, pd.dst_desc());
    return built;
  });
  primitive.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}});
}

void conv2d_backward_data_onednn(const Launch&, const Conv2dProblem& a, const float* w,
                                 const float* dy, float* dx) {
  onednn::Primitive& primitive = onednn::cached("conv2d.backward_data " + a.describe(), [&] {
    const Shapes shapes(a);
    const dnnl::convolution_backward_data::primitive_desc pd(
        {dnnl::algorithm::convolution_direct, shapes.x, shapes.any_w, shapes.y, shapes.strides,
         shapes.dilation, shapes.pad_before, shapes.pad_after},
        onednn::engine(), shapes.forward(dnnl::prop_kind::forward_training));
    onednn::Primitive built{dnnl::convolution_backward_data(pd)};
    built.input(DNNL_ARG_WEIGHTS, shapes.w, pd.weights_desc());
    built.input(DNNL_ARG_DIFF_DST, shapes.y, pd.diff_dst_desc());
    built.output(DNNL_ARG_DIFF_SRC, shapes.x, pd.diff_src_desc());
    return built;
  });
  primitive.run({{DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
}

void conv2d_backward_weight_onednn(const Launch&, const Conv2dProblem& a, const float* x,
                                   const float* dy, float* dw) {
  onednn::Primitive& primitive = onednn::cached("conv2d.backward_weight " + a.describe(), [&] {
    const Shapes shapes(a);
    const dnnl::convolution_backward_weights::primitive_desc pd(
        {dnnl::algorithm::convolution_direct, shapes.x, shapes.any_w, shapes.y, shapes.strides,
         shapes.dilation, shapes.pad_before, shapes.pad_after},
        onednn::engine(), shapes.forward(dnnl::prop_kind::forward_training));
    onednn::Primitive built{dnnl::convolution_backward_weights(pd)};
    built.input(DNNL_ARG_SRC, shapes.x, pd.src_desc());
    built.input(DNNL_ARG_DIFF_DST, shapes.y, pd.diff_dst_desc());
    built.output(DNNL_ARG_DIFF_WEIGHTS, shapes.w, pd.diff_weights_desc());
    return built;
  });
  primitive.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_WEIGHTS, dw}});
}

}  // namespace hilum

#endif
