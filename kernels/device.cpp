// Finds, loads and probes the shared objects of the devices.
#include "kernels/device.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "kernels/device_objects.h"
#include "kernels/error.h"
#include "kernels/lesson.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

struct Object {
  const char* name;
  bool compiled;
  const char* absent;  // what is said where it was not compiled
};

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
#ifdef HILUM_HAVE_CUDNN
constexpr bool have_cudnn = true;
#else
constexpr bool have_cudnn = false;
#endif
#ifdef HILUM_HAVE_CUBLAS
constexpr bool have_cublas = true;
#else
constexpr bool have_cublas = false;
#endif

constexpr Object objects[] = {
    {"cuda", have_cuda,
     "device cuda is not in this build: configure with the CUDA toolkit installed (HILUM_CUDA=ON "
     "says what is wrong)"},
    {"emu", have_emu,
     "device emu is not in this build: install libboost-context-dev and configure "
     "again (under the sanitizers there is none)"},
    {"cudnn", have_cudnn, "cuDNN is not in this build: install cuDNN 9 and configure again"},
    {"cublas", have_cublas, "cuBLAS is not in this build: install it and configure again"},
};

bool lesson = false;

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

  explicit Library(const Object& object) {
    if (!object.compiled) {
      missing = object.absent;
      return;
    }
    const bool counts = lesson && std::string_view(object.name) == "emu";
    const fs::path path =
        find_object(fmt::format("libhilum_{}.so", counts ? "lesson" : object.name));
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      missing =
          fmt::format("{} cannot be loaded ({}); install what is missing", object.name, dlerror());
    } else if (std::string_view(object.name) == "cuda") {
      auto probe = reinterpret_cast<decltype(&hilum_cuda_probe)>(dlsym(handle, "hilum_cuda_probe"));
      const char* reason = probe ? probe() : "its shared object is of another version; build again";
      if (reason != nullptr) missing = fmt::format("device cuda cannot be used: {}", reason);
    }
  }
};

// Each is loaded when first asked for, and stays.
const Library& library(const std::string& name) {
  static std::mutex mutex;
  static auto& loaded = *new std::map<std::string, Library>;
  const std::lock_guard lock(mutex);
  const auto found = loaded.find(name);
  if (found != loaded.end()) return found->second;
  for (const Object& object : objects) {
    if (name == object.name) return loaded.emplace(name, Library(object)).first->second;
  }
  throw std::logic_error("no shared object is called " + name);
}

}  // namespace

bool object_in_this_build(const std::string& object) {
  return std::any_of(std::begin(objects), std::end(objects),
                     [&](const Object& o) { return object == o.name && o.compiled; });
}

bool in_this_build(Device device) {
  return device == Device::cpu || object_in_this_build(device_name(device));
}

const char* why_object_missing(const std::string& object) {
  const Library& found = library(object);
  return found.missing.empty() ? nullptr : found.missing.c_str();
}

const char* why_missing(Device device) {
  return device == Device::cpu ? nullptr : why_object_missing(device_name(device));
}

void* find_function(const std::string& object, const std::string& name) {
  const Library& found = library(object);
  return found.handle ? dlsym(found.handle, name.c_str()) : nullptr;
}

void* object_function(const std::string& object, const std::string& name) {
  void* function = find_function(object, name);
  if (function != nullptr) return function;
  if (const char* reason = why_object_missing(object)) throw device_error("{}.", reason);
  throw device_error("libhilum_{}.so has no function {}. Build again.", object, name);
}

namespace {

// A function of libhilum_cuda.so; see cuda.cpp.
template <class Function>
Function* cuda_function(const char* name) {
  return reinterpret_cast<Function*>(object_function("cuda", name));
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
  reinterpret_cast<decltype(&hilum_emu_set_seed)>(object_function("emu", "hilum_emu_set_seed"))(
      seed);
}

void begin_lesson() {
  lesson = true;
  if (const char* reason = why_object_missing("emu")) throw device_error("lesson: {}.", reason);
  object_function("emu", "hilum_emu_lesson");
}

std::string lesson_text() {
  return reinterpret_cast<decltype(&hilum_emu_lesson)>(
      object_function("emu", "hilum_emu_lesson"))();
}

}  // namespace hilum
