// conv2d, CUDA: the three passes as products of matrices that exist nowhere. What multiplies is a
// parameter: FloatProduct (cuda4), or tensor cores with TF32 or bf16 (cuda5).
//
//   pass             rows m            columns n    depth
//   forward          pixels of y       filters      taps x channels      x gathered, w as it stands
//   inference        the same, finished on its way to memory (inference.h); forward is the one of
//                    these without an ending
//   backward_data    pixels of dx      channels     taps x filters       dy gathered, w from behind
//   backward_weight  filters      taps x channels   pixels of y          both transposed; slices
#pragma once

#include "kernels/conv2d/cuda3_product.h"
#include "kernels/conv2d/cuda4_operands.h"

namespace hilum {
namespace {

template <class Product>
void implicit_inference(const Launch& on, const Conv2dInferenceProblem& problem, const float* x,
                        const float* w, const Epilogue& ending, float* y) {
  const Conv2dProblem& a = problem.conv;
  using T = typename Product::Element;
  constexpr std::size_t vector = Product::Plan::vector;
  Workspace memory(on);
  const Axis h_axis = forward_h(a), w_axis = forward_w(a);
  const std::size_t c = ceil_to(a.c, vector);
  const T* in = packed<T>(on, memory, a.n * a.h * a.w, a.c, x);
  const T* filters = packed<T>(on, memory, a.k * a.r * a.s, a.c, w);
  multiply_into<Product>(on, memory, Gather<T>(in, a.n, c, h_axis, w_axis),
                         Matrix<T>{filters, static_cast<int>(a.k), a.r * a.s * c},
                         FinishedPixelStore(y, problem, ending),
                         cut_forward<typename Product::Plan>(a));
}
template <class Product>
void implicit_forward(const Launch& on, const Conv2dProblem& a, const float* x, const float* w,
                      float* y) {
  implicit_inference<Product>(on, {a, a.k}, x, w, {}, y);
}

template <class Product>
void implicit_backward_data(const Launch& on, const Conv2dProblem& a, const float* w,
                            const float* dy, float* dx) {
  using T = typename Product::Element;
  constexpr std::size_t vector = Product::Plan::vector;
  Workspace memory(on);
  const T* in = packed<T>(on, memory, a.n * a.p() * a.q(), a.k, dy);
  const T* filters = packed<T>(on, memory, a.k * a.r * a.s, a.c, w);
  for_each_backward_phase(a, [&](const Axis& h_axis, const Axis& w_axis) {
    multiply_into<Product>(on, memory, Gather<T>(in, a.n, ceil_to(a.k, vector), h_axis, w_axis),
                           FilterFromBehind<T>(filters, a, vector, h_axis, w_axis),
                           PixelStore(dx, h_axis, w_axis, a.h, a.w, a.c),
                           cut_backward_data<typename Product::Plan>(a, h_axis, w_axis));
  });
}

template <class Product>
void implicit_backward_weight(const Launch& on, const Conv2dProblem& a, const float* x,
                              const float* dy, float* dw) {
  using T = typename Product::Element;
  constexpr std::size_t vector = Product::Plan::vector;
  Workspace memory(on);
  const T* in = packed<T>(on, memory, a.n * a.h * a.w, a.c, x);
  const T* gradient = packed<T>(on, memory, a.n * a.p() * a.q(), a.k, dy);
  const Cut cut = cut_backward_weight<typename Product::Plan>(a);
  const auto k = static_cast<int>(ceil_to(a.k, vector));
  multiply_into<Product>(
      on, memory,
      Transposed<Matrix<T>>{Matrix<T>{gradient, cut.depth, static_cast<std::size_t>(k)}, k},
      Transposed<Gather<T>>{Gather<T>(in, a.n, ceil_to(a.c, vector), forward_h(a), forward_w(a)),
                            cut.n},
      FilterStore(dw, a, vector), cut);
}

}  // namespace
}  // namespace hilum
