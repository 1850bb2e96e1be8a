// concat on the tape, along the last axis. The kernel joins up to four; more are joined in groups.
#include "kernels/concat/concat.h"

#include "engine/ops/buffers.h"

namespace hilum {
namespace {

Shape with_channels(const Shape& shape, std::size_t channels) {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i + 1 < shape.rank(); ++i) sizes.push_back(shape[i]);
  sizes.push_back(channels);
  return Shape(sizes);
}

}  // namespace

Shape concat_shape(const std::vector<Tensor>& parts) {
  const Shape& first = parts[0].shape();
  std::size_t channels = 0;
  for (const Tensor& part : parts) {
    const Shape& shape = part.shape();
    if (shape.rank() == 0 || with_channels(shape, 1) != with_channels(first, 1)) {
      throw usage_error("concat: {} and {}. Expected shapes that differ in the last axis only.",
                        first.str(), shape.str());
    }
    check_same_device("concat", parts[0], part);
    channels += shape[shape.rank() - 1];
  }
  return with_channels(first, channels);
}

Tensor concat(const std::vector<Tensor>& parts) {
  if (parts.empty()) throw usage_error("concat: nothing to join. Expected at least one tensor.");
  if (parts.size() == 1) return parts[0];
  if (parts.size() > 4) {
    std::vector<Tensor> joined;
    for (std::size_t i = 0; i < parts.size(); i += 4) {
      joined.push_back(
          concat({parts.begin() + static_cast<std::ptrdiff_t>(i),
                  parts.begin() + static_cast<std::ptrdiff_t>(std::min(i + 4, parts.size()))}));
    }
    return concat(joined);
  }
  const Shape shape = concat_shape(parts), first = parts[0].shape();
  ConcatProblem a{with_channels(first, 1).count(), {}};
  const float* x[4] = {};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    a.channels[i] = parts[i].size(first.rank() - 1);
    x[i] = parts[i].data();
  }
  const Device device = parts[0].device();
  Tensor y = Tensor::empty(shape, device);
  run<ConcatForward>(device, a, x[0], x[1], x[2], x[3], y.data());
  return record("concat", parts, y, [a, first, device, count = parts.size()](Tensor dy) {
    std::vector<Tensor> gradients;
    float* dx[4] = {};
    for (std::size_t i = 0; i < count; ++i) {
      gradients.push_back(Tensor::empty(with_channels(first, a.channels[i]), device));
      dx[i] = gradients[i].data();
    }
    run<ConcatBackward>(device, a, dy.data(), dx[0], dx[1], dx[2], dx[3]);
    return gradients;
  });
}

}  // namespace hilum
