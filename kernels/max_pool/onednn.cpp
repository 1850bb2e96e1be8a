// max_pool, oneDNN: the yardstick.
//
// Its backward pass does not look at x: it reads the indices of the maxima that its forward pass
// noted. Our backward has x and no notes, so the row runs that forward first, and its time holds
// both. Among equal values it too takes the first in row-major order (seen in every case of
// tests/kernels/max_pool_test.cpp; its documentation promises nothing), but it lets a NaN lose.
// Where windows overlap, its bits follow the number of threads.
#include "kernels/onednn.h"

#include "kernels/max_pool/rows.h"

#ifdef HILUM_HAVE_ONEDNN

namespace hilum {
namespace {

using Dims = dnnl::memory::dims;

struct Shapes {
  dnnl::memory::desc x, y;
  Dims strides, window, pad_before, pad_after;

  explicit Shapes(const MaxPoolProblem& a) {
    auto dim = [](std::size_t size) { return static_cast<std::int64_t>(size); };
    const auto tag = dnnl::memory::format_tag::nhwc;
    x = onednn::tensor({dim(a.n), dim(a.c), dim(a.h), dim(a.w)}, tag);
    y = onednn::tensor({dim(a.n), dim(a.c), dim(a.p()), dim(a.q())}, tag);
    strides = {dim(a.stride_h), dim(a.stride_w)};
    window = {dim(a.r), dim(a.s)};
    pad_before = {dim(a.pad_h), dim(a.pad_w)};
    // What the last window reads beyond the image; negative where pixels are left over.
    pad_after = {dim((a.p() - 1) * a.stride_h + a.r) - dim(a.h) - dim(a.pad_h),
                 dim((a.q() - 1) * a.stride_w + a.s) - dim(a.w) - dim(a.pad_w)};
  }
  dnnl::pooling_forward::primitive_desc forward() const {
    return {{dnnl::prop_kind::forward_training, dnnl::algorithm::pooling_max, x, y, strides, window,
             pad_before, pad_after},
            onednn::engine()};
  }
};

onednn::Primitive& forward(const MaxPoolProblem& a) {
  return onednn::cached("max_pool.forward " + a.describe(), [&] {
    const Shapes shapes(a);
    const auto pd = shapes.forward();
    onednn::Primitive built{dnnl::pooling_forward(pd)};
    built.input(DNNL_ARG_SRC, shapes.x, shapes.x);
    built.output(DNNL_ARG_DST, shapes.y, shapes.y);
    built.own(DNNL_ARG_WORKSPACE, pd.workspace_desc());
    return built;
  });
}

}  // namespace

void max_pool_forward_onednn(const Launch&, const MaxPoolProblem& a, const float* x, float* y) {
  forward(a).run({{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
}

std::size_t max_pool_backward_onednn_workspace(const MaxPoolProblem& a) {
  return a.y_count() * sizeof(float);  // the y of the forward pass, which nobody asked for
}

void max_pool_backward_onednn(const Launch& launch, const MaxPoolProblem& a, const float* x,
                              const float* dy, float* dx) {
  onednn::Primitive& first = forward(a);
  onednn::Primitive& second = onednn::cached("max_pool.backward " + a.describe(), [&] {
    const Shapes shapes(a);
    const dnnl::pooling_backward::primitive_desc pd(
        {dnnl::algorithm::pooling_max, shapes.x, shapes.y, shapes.strides, shapes.window,
         shapes.pad_before, shapes.pad_after},
        onednn::engine(), shapes.forward());
    onednn::Primitive built{dnnl::pooling_backward(pd)};
    built.input(DNNL_ARG_DIFF_DST, shapes.y, shapes.y);
    built.output(DNNL_ARG_DIFF_SRC, shapes.x, shapes.x);
    built.share(DNNL_ARG_WORKSPACE, first);
    return built;
  });
  first.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, launch.workspace}});
  second.run({{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
}

}  // namespace hilum

#endif
