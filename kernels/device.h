// Which devices there are. The CUDA rows live in shared objects that are loaded when first asked
// for, so the program starts on any machine: libhilum_cuda.so (compiled by nvcc, for a GPU),
// libhilum_emu.so (the same sources as C++, on the CPU; both export the same functions), and
// libhilum_cudnn.so and libhilum_cublas.so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "kernels/row.h"

namespace hilum {

// Was the device's code compiled? True for the CPU.
bool in_this_build(Device device);

// Null where the device can be used here; else why not and what to do, in one sentence. Loads and
// probes once.
const char* why_missing(Device device);

// The shared objects are called cuda, emu, cudnn and cublas; the last two hold the libraries' rows
// of device cuda. Null where the object can be used here, else why not.
const char* why_object_missing(const std::string& object);
// A function of an object. A device error where the object is missing or has no such function.
void* object_function(const std::string& object, const std::string& name);
// The same, null where there is no such function.
void* find_function(const std::string& object, const std::string& name);
// Was the object compiled?
bool object_in_this_build(const std::string& object);

// Which GPU device cuda means, from 0. A device error where there is no such one. To be called
// before anything lies on the device.
void select_gpu(int ordinal);

// "NVIDIA H200, compute capability 9.0, 139.8 GiB, driver for CUDA 13.0"
std::string gpu_name();

// Memory of a device; emu's is the host's. All work of device cuda goes through one stream in the
// order in which it is asked for, so a block may be handed on as soon as it is free.
void* device_allocate(Device device, std::size_t bytes);  // null where there is none left
void device_free(Device device, void* block);
std::size_t device_memory(Device device);  // bytes in all; 0 where that is not known here
enum class Way { to_device, to_host, within };
// Returns when `from` may be written and, for to_host, `to` may be read.
void device_copy(Device device, Way way, void* to, const void* from, std::size_t bytes);
void* device_stream(Device device);
void device_synchronise(Device device);  // waits until all that was started is done

// Seconds that `work` takes on the device: by events on a GPU, after its L2 cache has been filled
// with something else; by the clock on the host.
double device_seconds(Device device, const std::function<void()>& work);

// emu: the order in which CUDA threads run between two barriers; 0 is the natural one, any other
// seed shuffles it. At first HILUM_EMU_SEED, or 0.
void set_emu_seed(std::uint64_t seed);

}  // namespace hilum
