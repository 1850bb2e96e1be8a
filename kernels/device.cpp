// Finds, loads and probes the shared objects of the devices.
#include "kernels/device.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>

#include "kernels/device_objects.h"
#include "kernels/error.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

#ifdef HILUM_HAVE_CUDA
constexpr bool have_cuda = true;
#else
constexpr bool have_cuda = false;
#endif
#ifdef HILUM_HAVE_EMU
constexpr bool have_emu = true;
#else
constexpr bool have_emu = false;
#endif

// Beside the program, else where it was built.
fs::path find_object(const std::string& file) {
  std::error_code error;
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path() / file;
  if (!error && fs::exists(beside, error)) return beside;
  return fs::path(HILUM_BUILD_DIR) / file;
}

struct Library {
  void* handle = nullptr;
  std::string missing;  // why it cannot be used; empty where it can

  explicit Library(Device device) {
    if (!in_this_build(device)) {
      missing = device == Device::cuda
                    ? "device cuda is not in this build: configure with the CUDA toolkit installed "
                      "(HILUM_CUDA=ON says what is wrong)"
                    : "device emu is not in this build: install libboost-context-dev and configure "
                      "again";
      return;
    }
    const fs::path path = find_object(fmt::format("libhilum_{}.so", device_name(device)));
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      missing = fmt::format("device {} cannot be loaded: {}", device_name(device), dlerror());
    } else if (device == Device::cuda) {
      auto probe = reinterpret_cast<decltype(&hilum_cuda_probe)>(dlsym(handle, "hilum_cuda_probe"));
      const char* reason = probe ? probe() : "its shared object is of another version; build again";
      if (reason != nullptr) missing = fmt::format("device cuda cannot be used: {}", reason);
    }
  }
};

const Library& library(Device device) {
  static const Library emu(Device::emu);
  if (device == Device::emu) return emu;
  static const Library cuda(Device::cuda);
  return cuda;
}

}  // namespace

bool in_this_build(Device device) {
  return device == Device::cpu || (device == Device::cuda ? have_cuda : have_emu);
}

const char* why_missing(Device device) {
  if (device == Device::cpu) return nullptr;
  const Library& found = library(device);
  return found.missing.empty() ? nullptr : found.missing.c_str();
}

void* device_function(Device device, const std::string& name) {
  const Library& found = library(device);
  void* function = found.handle ? dlsym(found.handle, name.c_str()) : nullptr;
  if (function == nullptr) {
    throw device_error("{}", found.handle ? fmt::format("device {}: its shared object has no "
                                                        "function {}. Build again.",
                                                        device_name(device), name)
                                          : found.missing + ".");
  }
  return function;
}

namespace {

// A function of libhilum_cuda.so; see cuda.cpp.
template <class Function>
Function* cuda_function(const char* name) {
  return reinterpret_cast<Function*>(device_function(Device::cuda, name));
}
#define HILUM_CUDA_FUNCTION(name)                                    \
  (*[] {                                                             \
    static auto* const found = cuda_function<decltype(name)>(#name); \
    return found;                                                    \
  }())

}  // namespace

void select_gpu(int ordinal) { HILUM_CUDA_FUNCTION(hilum_cuda_select)(ordinal); }
std::string gpu_name() { return HILUM_CUDA_FUNCTION(hilum_cuda_name)(); }

void* device_allocate(Device device, std::size_t bytes) {
  if (device == Device::cuda) return HILUM_CUDA_FUNCTION(hilum_cuda_allocate)(bytes);
  return ::operator new(bytes, std::align_val_t(64), std::nothrow);
}

void device_free(Device device, void* block) {
  if (device == Device::cuda) return HILUM_CUDA_FUNCTION(hilum_cuda_free)(block);
  ::operator delete(block, std::align_val_t(64));
}

std::size_t device_memory(Device device) {
  return device == Device::cuda ? HILUM_CUDA_FUNCTION(hilum_cuda_memory)() : 0;
}

void device_copy(Device device, Way way, void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  if (device == Device::cuda) {
    HILUM_CUDA_FUNCTION(hilum_cuda_copy)(static_cast<int>(way), to, from, bytes);
  } else {
    std::memcpy(to, from, bytes);
  }
}

void* device_stream(Device device) {
  return device == Device::cuda ? HILUM_CUDA_FUNCTION(hilum_cuda_stream)() : nullptr;
}

void device_synchronise(Device device) {
  if (device == Device::cuda) HILUM_CUDA_FUNCTION(hilum_cuda_synchronise)();
}

double device_seconds(Device device, const std::function<void()>& work) {
  if (device == Device::cuda) {
    return HILUM_CUDA_FUNCTION(hilum_cuda_seconds)(
        [](void* context) { (*static_cast<const std::function<void()>*>(context))(); },
        const_cast<std::function<void()>*>(&work));
  }
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void set_emu_seed(std::uint64_t seed) {
  reinterpret_cast<decltype(&hilum_emu_set_seed)>(
      device_function(Device::emu, "hilum_emu_set_seed"))(seed);
}

}  // namespace hilum
