// One tensor of a weight file in the layout that a parameter of ours has.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "engine/weights/weight_file.h"

namespace hilum {

// Order of the axes of a file's filters. Keras: HWIO is its usual one; OIHW is PyTorch's and that
// of Keras on Theano and CNTK, of which Theano's were also turned by 180 degrees.
enum class FilterOrder { oihw, hwio };

struct TargetLayout {
  Shape shape;  // ours: filters KRSC, dense weights [out, in]
  FilterOrder order = FilterOrder::oihw;
  bool keras = false;                      // dense weights are [in, out]
  bool turned = false;                     // by 180 degrees
  bool first = false;                      // of the network: sees the image
  bool bgr = false;                        // the file sees its three channels the other way round
  std::array<float, 3> scale = {1, 1, 1};  // of the first filters, by channel of ours
  std::size_t flatten_channels = 0;        // behind Keras' Flatten of this many channels; 0: not
};

struct Converted {
  Tensor tensor;
  std::string how;  // empty where only a filter's axes were put into our order
};

// Empty where the tensor cannot be the parameter: its shape is another.
std::optional<Converted> convert(const FileTensor& from, const TargetLayout& target);

// The shape that convert() expects in the file, for messages.
Shape expected_shape(const TargetLayout& target);

}  // namespace hilum
