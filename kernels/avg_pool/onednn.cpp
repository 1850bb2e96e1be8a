// avg_pool, oneDNN: the yardstick. Its algorithms "include_padding" and "exclude_padding" are our
// count_include_pad, as long as no window is cut off at the far side, which without a ceiling mode
// never happens.
// Its backward, where windows overlap, has bits that follow the number of threads.
#include "kernels/onednn.h"

#include "kernels/avg_pool/rows.h"

#ifdef HILUM_HAVE_ONEDNN

namespace hilum {
namespace {

using Dims = dnnl::memory::dims;

struct Shapes {
  dnnl::memory::desc x, y;
  Dims strides, window, pad_before, pad_after;
  dnnl::algorithm algorithm;

  explicit Shapes(const AvgPoolProblem& a) {
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
    algorithm = a.count_include_pad ? dnnl::algorithm::pooling_avg_include_padding
                                    : dnnl::algorithm::pooling_avg_exclude_padding;
  }
  dnnl::pooling_forward::primitive_desc forward() const {
    return {{dnnl::prop_kind::forward_training, algorithm, x, y, strides, window, pad_before,
             pad_after},
            onednn::engine()};
  }
};

}  // namespace

void avg_pool_forward_onednn(const Launch&, const AvgPoolProblem& a, const float* x, float* y) {
  onednn::Primitive& primitive = onednn::cached("avg_pool.forward " + a.describe(), [&] {
    const Shapes shapes(a);
    onednn::Primitive built{dnnl::pooling_forward(shapes.forward())};
    built.input(DNNL_ARG_SRC, shapes.x, shapes.x);
    built.output(DNNL_ARG_DST, shapes.y, shapes.y);
    return built;
  });
  primitive.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
}

void avg_pool_backward_onednn(const Launch&, const AvgPoolProblem& a, const float* dy, float* dx) {
  onednn::Primitive& primitive = onednn::cached("avg_pool.backward " + a.describe(), [&] {
    const Shapes shapes(a);
    const dnnl::pooling_backward::primitive_desc pd(
        {shapes.algorithm, shapes.x, shapes.y, shapes.strides, shapes.window, shapes.pad_before,
         shapes.pad_after},
        onednn::engine(), shapes.forward());
    onednn::Primitive built{dnnl::pooling_backward(pd)};
    built.input(DNNL_ARG_DIFF_DST, shapes.y, shapes.y);
    built.output(DNNL_ARG_DIFF_SRC, shapes.x, shapes.x);
    return built;
  });
  primitive.run({{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
}

}  // namespace hilum

#endif
