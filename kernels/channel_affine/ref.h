// channel_affine, reference: the formula of channel_affine.h as loops.
#pragma once

#include "kernels/channel_affine/channel_affine.h"

namespace hilum {

template <class T>
void ChannelAffineInference::reference(const ChannelAffineProblem& a, const T* x, const T* scale,
                                       const T* shift, T* y) {
  for (std::size_t m = 0; m < a.rows; ++m) {
    for (std::size_t c = 0; c < a.c; ++c) {
      T v = x[m * a.x_pitch + c];
      if (a.scaled) v = scale[c] * v + shift[c];
      y[m * a.y_pitch + c] = activate(a.activation, v);
    }
  }
}

}  // namespace hilum
