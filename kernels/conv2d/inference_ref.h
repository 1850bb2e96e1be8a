// conv2d, pass inference, reference: the convolution of ref.h, then what inference.h adds.
#pragma once

#include <vector>

#include "kernels/conv2d/inference.h"
#include "kernels/conv2d/ref.h"

namespace hilum {

template <class T>
void Conv2dInference::reference(const Conv2dInferenceProblem& a, const T* x, const T* w,
                                const T* bias, const T* residual, T* y) {
  std::vector<T> sums(a.conv.y_count());
  Conv2dForward::reference(a.conv, x, w, sums.data());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::size_t pixel = i / a.conv.k, k = i % a.conv.k;
    sums[i] += bias[k];
    if (a.residual) sums[i] += residual[i];
    y[pixel * a.pitch + k] = activate(a.activation, sums[i]);
  }
}

}  // namespace hilum
