// Which devices there are. The CUDA rows live in shared objects that are loaded when first asked
// for, so the program starts on any machine: libhilum_cuda.so (compiled by nvcc, for a GPU) and
// libhilum_emu.so (the same sources as C++, on the CPU). Both export the same functions.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/row.h"

namespace hilum {

// Was the device's code compiled? True for the CPU.
bool in_this_build(Device device);

// Null where the device can be used here; else why not and what to do, in one sentence. Loads and
// probes once.
const char* why_missing(Device device);

// A function of the device's shared object. A device error where the device is missing or its
// object has no such function.
void* device_function(Device device, const std::string& name);

// emu: the order in which CUDA threads run between two barriers; 0 is the natural one, any other
// seed shuffles it. At first HILUM_EMU_SEED, or 0.
void set_emu_seed(std::uint64_t seed);

}  // namespace hilum
