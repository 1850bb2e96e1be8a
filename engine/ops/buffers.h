// What the files of this folder share: output buffers and checks.
#pragma once

#include <string_view>
#include <utility>

#include "engine/ops.h"
#include "engine/tape.h"
#include "kernels/dispatch.h"

namespace hilum {

// Where an operation that may work in place writes: x's own buffer where nobody else can see it, a
// new one of the same shape otherwise. Keep x alive while the kernel reads it.
inline Tensor output_for(const Tensor& x) {
  return sole_owner(x) ? x.detach() : Tensor::empty(x.shape(), x.device());
}

// Whether an operation may stand for several others: the device has a kernel for it, nobody listens
// for the others or asked for certain rows of them.
template <class Forward>
bool can_fuse(Device device, const typename Forward::Problem& problem,
              std::initializer_list<const char*> parts) {
  if (listening_to_operations()) return false;
  for (const char* part : parts) {
    if (forced_row(part, "forward") || forced_row(part, "backward")) return false;
  }
  for (const Row<Forward>& row : Forward::table()) {
    if (why_not(row, device, problem) == nullptr) return true;
  }
  return false;
}

inline void check_rank(std::string_view op, const char* what, const Tensor& x, std::size_t rank) {
  if (x.shape().rank() != rank) {
    throw usage_error("{}: {} is {}. Expected {} axes, got {}.", op, what, x.shape().str(), rank,
                      x.shape().rank());
  }
}

// Shape of the parts joined along the last axis; throws where they do not fit. At least one.
Shape concat_shape(const std::vector<Tensor>& parts);

inline void check_same_device(std::string_view op, const Tensor& a, const Tensor& b) {
  if (a.device() != b.device()) {
    throw usage_error("{}: operands lie on {} and {}. Move one with to().", op,
                      device_name(a.device()), device_name(b.device()));
  }
}

}  // namespace hilum
