#include "kernels/cuda_check.h"

#include "kernels/error.h"

namespace hilum {

void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // so that the next call does not see it again
  throw device_error("CUDA: {}: {} ({}).", what, cudaGetErrorString(status),
                     cudaGetErrorName(status));
}

}  // namespace hilum
