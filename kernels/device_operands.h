// Operands of a pass in the memory of a GPU, for tests and timings of rows. For other devices,
// whose memory is the host's, it does nothing.
#pragma once

#include <vector>

#include "kernels/device.h"
#include "kernels/error.h"
#include "kernels/operands.h"

namespace hilum {

class OnDevice {
 public:
  // Copies everything, outputs too: they hold what must be overwritten, and a guard.
  OnDevice(Device device, std::vector<OperandData>& operands)
      : device_(device), operands_(operands) {
    if (device != Device::cuda) return;
    for (OperandData& operand : operands) {
      const auto [memory, bytes] = host(operand);
      if (operand.spec.count == 0) continue;
      operand.on_gpu = device_allocate(device, bytes);
      if (operand.on_gpu == nullptr) {
        throw device_error("memory of device cuda: {} bytes for operand {} cannot be had.", bytes,
                           operand.spec.name);
      }
      device_copy(device, Way::to_device, operand.on_gpu, memory, bytes);
    }
  }
  ~OnDevice() {
    for (OperandData& operand : operands_) {
      if (operand.on_gpu != nullptr) device_free(device_, operand.on_gpu);
      operand.on_gpu = nullptr;
    }
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  // Brings the outputs to the host, with their guards.
  void bring_back() {
    for (OperandData& operand : operands_) {
      const auto [memory, bytes] = host(operand);
      if (operand.input || operand.on_gpu == nullptr) continue;
      device_copy(device_, Way::to_host, memory, operand.on_gpu, bytes);
    }
  }

 private:
  struct Bytes {
    void* memory;
    std::size_t bytes;
  };
  static Bytes host(OperandData& operand) {
    if (!operand.u8.empty()) return {operand.u8.data(), operand.u8.size()};
    if (!operand.i32.empty()) {
      return {operand.i32.data(), operand.i32.size() * sizeof(std::int32_t)};
    }
    return {operand.f32.data(), operand.f32.size() * sizeof(float)};
  }

  Device device_;
  std::vector<OperandData>& operands_;
};

}  // namespace hilum
