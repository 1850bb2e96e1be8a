// channel_affine: a factor and a summand a channel, then an activation; what batch norm is once its
// statistics are fixed, with the ReLU behind it.
//
//   y[m,c] = activation( scale[c] * x[m,c] + shift[c] )
//
// x and y are `rows` lines (pixels of an NHWC activation, N H W of them) of C channels that are
// x_pitch and y_pitch floats apart, C or more: a part of the channels of something wider can be
// read or written. What lies between y's lines is left alone. Without scale and shift (both absent)
// it copies. For inference: it has no gradient. In place: y may be x where the pitches agree.
#pragma once

#include "kernels/activation.h"
#include "kernels/row.h"

namespace hilum {

struct ChannelAffineProblem {
  std::size_t rows, c, x_pitch, y_pitch;
  bool scaled = true;
  Activation activation = Activation::none;

  std::string describe() const;  // "3136x64 of 256, relu"
};

struct ChannelAffineInference {
  using Problem = ChannelAffineProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* scale,
                            const float* shift, float* y);
  static constexpr const char* op = "channel_affine";
  static constexpr const char* pass = "inference";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<ChannelAffineInference>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* scale, const T* shift, T* y);
};

}  // namespace hilum
