// Operands of a pass where a row is to find them: in the memory of a GPU, for tests and timings;
// on the host, for timings, as a network's tensors lie there. Tests of host rows leave them in
// their vectors, whose borders are arbitrary.
#pragma once

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "kernels/device.h"
#include "kernels/error.h"
#include "kernels/operands.h"

namespace hilum {

// Memory that begins with a page, in huge pages where it is large: what engine/allocator.h gives to
// tensors. Rows choose their way by that (around.h). Freed with std::free.
inline void* tensor_memory(std::size_t bytes) {
  constexpr std::size_t page = 4096, huge = std::size_t{2} << 20;
  const std::size_t border = bytes >= huge ? huge : page;
  const std::size_t whole = (bytes + border - 1) / border * border;
  void* const memory = std::aligned_alloc(border, whole);
  if (memory == nullptr) throw std::bad_alloc();
  if (border == huge) ::madvise(memory, whole, MADV_HUGEPAGE);
  return memory;
}

class OnDevice {
 public:
  // Copies everything, outputs too: they hold what must be overwritten, and a guard. On the host
  // only `as_tensors`.
  OnDevice(Device device, std::vector<OperandData>& operands, bool as_tensors = false)
      : device_(device), operands_(operands) {
    if (device != Device::cuda && !as_tensors) return;
    for (OperandData& operand : operands) {
      const auto [memory, bytes] = host(operand);
      if (operand.spec.count == 0) continue;
      operand.copy = device == Device::cuda ? device_allocate(device, bytes) : tensor_memory(bytes);
      if (operand.copy == nullptr) {
        throw device_error("memory of device cuda: {} bytes for operand {} cannot be had.", bytes,
                           operand.spec.name);
      }
      move(Way::to_device, operand.copy, memory, bytes);
    }
  }
  ~OnDevice() {
    for (OperandData& operand : operands_) {
      if (operand.copy != nullptr) {
        device_ == Device::cuda ? device_free(device_, operand.copy) : std::free(operand.copy);
      }
      operand.copy = nullptr;
    }
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  // Brings the outputs back, with their guards.
  void bring_back() {
    for (OperandData& operand : operands_) {
      const auto [memory, bytes] = host(operand);
      if (operand.input || operand.copy == nullptr) continue;
      move(Way::to_host, memory, operand.copy, bytes);
    }
  }

 private:
  struct Bytes {
    void* memory;
    std::size_t bytes;
  };
  void move(Way way, void* to, const void* from, std::size_t bytes) const {
    if (device_ == Device::cuda) {
      device_copy(device_, way, to, from, bytes);
    } else {
      std::memcpy(to, from, bytes);
    }
  }
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
