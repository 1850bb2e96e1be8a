// dense, oneDNN: its inner product, the yardstick. All operands as we store them: at these batch
// sizes, bringing w into a layout of its own choice would cost more than the product.
#include "kernels/onednn.h"

#include "kernels/dense/rows.h"

#ifdef HILUM_HAVE_ONEDNN

namespace hilum {
namespace {

using Tag = dnnl::memory::format_tag;

struct Shapes {
  dnnl::memory::desc x, w, y;

  explicit Shapes(const DenseProblem& a) {
    const auto n = static_cast<std::int64_t>(a.n), i = static_cast<std::int64_t>(a.i),
               o = static_cast<std::int64_t>(a.o);
    x = onednn::tensor({n, i}, Tag::nc);
    w = onednn::tensor({o, i}, Tag::oi);
    y = onednn::tensor({n, o}, Tag::nc);
  }
  dnnl::inner_product_forward::primitive_desc forward() const {
    return {{dnnl::prop_kind::forward_training, x, w, y}, onednn::engine()};
  }
};

}  // namespace

void dense_forward_onednn(const Launch&, const DenseProblem& a, const float* x, const float* w,
                          float* y) {
  onednn::Primitive& primitive = onednn::cached("dense.forward " + a.describe(), [&] {
    const Shapes shapes(a);
    onednn::Primitive built{dnnl::inner_product_forward(shapes.forward())};
    built.input(DNNL_ARG_SRC, shapes.x, shapes.x);
    built.input(DNNL_ARG_WEIGHTS, shapes.w, shapes.w);
    built.output(DNNL_ARG_DST, shapes.y, shapes.y);
    return built;
  });
  primitive.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}});
}

void dense_backward_data_onednn(const Launch&, const DenseProblem& a, const float* w,
                                const float* dy, float* dx) {
  onednn::Primitive& primitive = onednn::cached("dense.backward_data " + a.describe(), [&] {
    const Shapes shapes(a);
    const dnnl::inner_product_backward_data::primitive_desc pd({shapes.x, shapes.w, shapes.y},
                                                               onednn::engine(), shapes.forward());
    onednn::Primitive built{dnnl::inner_product_backward_data(pd)};
    built.input(DNNL_ARG_WEIGHTS, shapes.w, shapes.w);
    built.input(DNNL_ARG_DIFF_DST, shapes.y, shapes.y);
    built.output(DNNL_ARG_DIFF_SRC, shapes.x, shapes.x);
    return built;
  });
  primitive.run({{DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
}

void dense_backward_weight_onednn(const Launch&, const DenseProblem& a, const float* x,
                                  const float* dy, float* dw) {
  onednn::Primitive& primitive = onednn::cached("dense.backward_weight " + a.describe(), [&] {
    const Shapes shapes(a);
    const dnnl::inner_product_backward_weights::primitive_desc pd(
        {shapes.x, shapes.w, shapes.y}, onednn::engine(), shapes.forward());
    onednn::Primitive built{dnnl::inner_product_backward_weights(pd)};
    built.input(DNNL_ARG_SRC, shapes.x, shapes.x);
    built.input(DNNL_ARG_DIFF_DST, shapes.y, shapes.y);
    built.output(DNNL_ARG_DIFF_WEIGHTS, shapes.w, shapes.w);
    return built;
  });
  primitive.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_WEIGHTS, dw}});
}

}  // namespace hilum

#endif
