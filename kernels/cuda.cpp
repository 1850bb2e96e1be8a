// The part of libhilum_cuda.so that is no kernel: is there a GPU, its memory, its one stream, time.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "kernels/cuda_check.h"
#include "kernels/device_objects.h"
#include "kernels/error.h"

namespace hilum {

namespace {

int gpu = 0;

// The runtime keeps the current GPU for each thread of the host.
void use_gpu() {
  thread_local int current = -1;
  if (current == gpu) return;
  check_cuda(cudaSetDevice(gpu), "choosing the GPU");
  current = gpu;
}

cudaStream_t stream() {
  static const cudaStream_t one = [] {
    use_gpu();
    cudaStream_t made = nullptr;
    check_cuda(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "making a stream");
    return made;
  }();
  use_gpu();
  return one;
}

std::string why_no_gpu() {
  // Where it fails, cudaGetDeviceCount leaves its argument as it was, and the error stays for the
  // next call to see.
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (status == cudaErrorInsufficientDriver) {
    int driver = 0;
    cudaDriverGetVersion(&driver);
    if (driver == 0) return "there is no NVIDIA driver; install one, or use --device cpu";
    return fmt::format("the driver knows CUDA up to {}.{} and this build is for {}.{}; update it",
                       driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000,
                       CUDART_VERSION % 1000 / 10);
  }
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
    return "there is a driver and no GPU that it can use; use --device cpu";
  }
  return status == cudaSuccess ? "" : cudaGetErrorString(status);
}

int attribute(cudaDeviceAttr which) {
  int value = 0;
  check_cuda(cudaDeviceGetAttribute(&value, which, gpu), "asking for an attribute");
  return value;
}

// Batches go to the GPU through two page-locked buffers in turn: the host goes on as soon as it has
// filled one, and the copy runs behind it.
class Staging {
 public:
  void copy_in(void* to, const void* from, std::size_t bytes) {
    auto* target = static_cast<char*>(to);
    auto* source = static_cast<const char*>(from);
    while (bytes != 0) {
      Buffer& buffer = buffers_[next_];
      next_ = 1 - next_;
      const std::size_t piece = std::min(bytes, size);
      buffer.wait();
      std::memcpy(buffer.memory, source, piece);
      check_cuda(cudaMemcpyAsync(target, buffer.memory, piece, cudaMemcpyHostToDevice, stream()),
                 "copying to the GPU");
      check_cuda(cudaEventRecord(buffer.copied, stream()), "recording an event");
      target += piece, source += piece, bytes -= piece;
    }
  }

 private:
  static constexpr std::size_t size = std::size_t{32} << 20;
  struct Buffer {
    void* memory = nullptr;
    cudaEvent_t copied = nullptr;
    void wait() {
      if (memory == nullptr) {
        check_cuda(cudaMallocHost(&memory, size), "page-locked memory");
        check_cuda(cudaEventCreateWithFlags(&copied, cudaEventDisableTiming), "making an event");
      }
      check_cuda(cudaEventSynchronize(copied), "waiting for a copy");
    }
  };
  Buffer buffers_[2];
  int next_ = 0;
};

}  // namespace
}  // namespace hilum

using namespace hilum;

const char* hilum_cuda_probe() {
  static const std::string reason = why_no_gpu();
  return reason.empty() ? nullptr : reason.c_str();
}

void hilum_cuda_select(int ordinal) {
  int count = 0;
  check_cuda(cudaGetDeviceCount(&count), "counting GPUs");
  if (ordinal < 0 || ordinal >= count) {
    throw device_error("device cuda:{}: there are {} GPUs. Expected 0 to {}.", ordinal, count,
                       count - 1);
  }
  gpu = ordinal;
}

const char* hilum_cuda_name() {
  static const std::string name = [] {
    cudaDeviceProp properties;
    check_cuda(cudaGetDeviceProperties(&properties, gpu), "asking for properties");
    int driver = 0;
    check_cuda(cudaDriverGetVersion(&driver), "asking for the driver's version");
    return fmt::format(
        "{}, {} multiprocessors, compute capability {}.{}, {:.1f} GiB, driver for CUDA {}.{}",
        properties.name, attribute(cudaDevAttrMultiProcessorCount), properties.major,
        properties.minor, static_cast<double>(properties.totalGlobalMem) / (1 << 30), driver / 1000,
        driver % 1000 / 10);
  }();
  return name.c_str();
}

void* hilum_cuda_allocate(std::size_t bytes) {
  use_gpu();
  void* block = nullptr;
  const cudaError_t status = cudaMalloc(&block, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check_cuda(status, "allocating memory");
  return block;
}

// Waits for what runs, so what still uses the block is done.
void hilum_cuda_free(void* block) { cudaFree(block); }

std::size_t hilum_cuda_memory() {
  use_gpu();
  std::size_t free = 0, total = 0;
  check_cuda(cudaMemGetInfo(&free, &total), "asking for the memory");
  return total;
}

void hilum_cuda_copy(int way, void* to, const void* from, std::size_t bytes) {
  if (way == 0) {
    static Staging staging;
    return staging.copy_in(to, from, bytes);
  }
  check_cuda(
      cudaMemcpyAsync(to, from, bytes, way == 1 ? cudaMemcpyDeviceToHost : cudaMemcpyDeviceToDevice,
                      stream()),
      "copying");
  if (way == 1) hilum_cuda_synchronise();
}

void* hilum_cuda_stream() { return stream(); }

void hilum_cuda_synchronise() {
  check_cuda(cudaStreamSynchronize(stream()), "waiting for the GPU (an earlier kernel failed)");
}

double hilum_cuda_seconds(void (*work)(void*), void* context) {
  static void* other = nullptr;  // twice the L2 cache
  static std::size_t bytes = 2 * static_cast<std::size_t>(attribute(cudaDevAttrL2CacheSize));
  static cudaEvent_t begin = nullptr, end = nullptr;
  if (begin == nullptr) {
    check_cuda(cudaMalloc(&other, bytes), "allocating memory");
    check_cuda(cudaEventCreate(&begin), "making an event");
    check_cuda(cudaEventCreate(&end), "making an event");
  }
  check_cuda(cudaMemsetAsync(other, 0, bytes, stream()), "filling memory");
  check_cuda(cudaEventRecord(begin, stream()), "recording an event");
  work(context);
  check_cuda(cudaEventRecord(end, stream()), "recording an event");
  check_cuda(cudaEventSynchronize(end), "waiting for the GPU (a kernel failed)");
  float milliseconds = 0;
  check_cuda(cudaEventElapsedTime(&milliseconds, begin, end), "reading the time");
  return milliseconds * 1e-3;
}
