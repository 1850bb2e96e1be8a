// The part of libhilum_cuda.so that is no kernel: is there a GPU, and errors of the runtime.
#include <cuda_runtime.h>

#include <string>

#include "kernels/error.h"

#define HILUM_EXPORT extern "C" __attribute__((visibility("default")))

namespace hilum {

void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // so that the next call does not see it again
  throw device_error("CUDA: {}: {} ({}).", what, cudaGetErrorString(status),
                     cudaGetErrorName(status));
}

// Null where there is a GPU that this build can use. cudaGetDeviceCount leaves its argument as it
// was where it fails, and the error stays for the next call to see.
HILUM_EXPORT const char* hilum_cuda_probe() {
  static const std::string reason = [] {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    cudaGetLastError();
    if (status == cudaErrorInsufficientDriver) {
      int driver = 0;
      cudaDriverGetVersion(&driver);
      if (driver == 0)
        return std::string("there is no NVIDIA driver; install one, or use --device cpu");
      return fmt::format("the driver knows CUDA up to {}.{} and this build is for {}.{}; update it",
                         driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000,
                         CUDART_VERSION % 1000 / 10);
    }
    if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
      return std::string("there is a driver and no GPU that it can use; use --device cpu");
    }
    if (status != cudaSuccess) return std::string(cudaGetErrorString(status));
    return std::string();
  }();
  return reason.empty() ? nullptr : reason.c_str();
}

}  // namespace hilum
