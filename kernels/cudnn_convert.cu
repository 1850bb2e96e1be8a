// One thread an element. Bound by memory: 6 bytes moved an element.
#include "kernels/cudnn_convert.h"
#include "kernels/tensor_core.h"

namespace hilum {

namespace {

__global__ void narrow(std::size_t count, const float* x, std::uint16_t* y) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    y[i] = static_cast<std::uint16_t>(pack_bf16(x[i], 0) & 0xFFFFu);
  }
}

__global__ void widen(std::size_t count, const std::uint16_t* x, float* y) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    y[i] = __uint_as_float(static_cast<std::uint32_t>(x[i]) << 16);
  }
}

}  // namespace

void floats_to_bf16(const Launch& on, std::size_t count, const float* x, std::uint16_t* y) {
  launch<narrow>(on, blocks_for(count, 256), 256, 0, count, x, y);
}

void bf16_to_floats(const Launch& on, std::size_t count, const std::uint16_t* x, float* y) {
  launch<widen>(on, blocks_for(count, 256), 256, 0, count, x, y);
}

}  // namespace hilum
