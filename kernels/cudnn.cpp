// What cuDNN's rows share; see cudnn.h.
#include "kernels/cudnn.h"

#include <cuda_runtime.h>

#include <limits>

namespace hilum::cudnn {

void check(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  throw device_error("cuDNN: {}: {}. Force another row with --kernels.", what,
                     cudnnGetErrorString(status));
}

cudnnHandle_t handle() {
  static const cudnnHandle_t one = [] {
    cudnnHandle_t made = nullptr;
    check(cudnnCreate(&made), "starting");
    return made;
  }();
  return one;
}

cudnnHandle_t handle(const Launch& launch) {
  check(cudnnSetStream(handle(), static_cast<cudaStream_t>(launch.stream)), "choosing the stream");
  return handle();
}

int to_int(std::size_t size) {
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw device_error("cuDNN: a size of {} is too large for it.", size);
  }
  return static_cast<int>(size);
}

void set_nhwc(cudnnTensorDescriptor_t tensor, cudnnDataType_t type, std::size_t n, std::size_t h,
              std::size_t w, std::size_t c) {
  check(cudnnSetTensor4dDescriptor(tensor, CUDNN_TENSOR_NHWC, type, to_int(n), to_int(c), to_int(h),
                                   to_int(w)),
        "describing a tensor");
}

}  // namespace hilum::cudnn
