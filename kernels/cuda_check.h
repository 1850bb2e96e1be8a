// Errors of the CUDA runtime as exceptions.
#pragma once

#include <cuda_runtime.h>

namespace hilum {

// Throws a device error where a call failed; `what` names it.
void check_cuda(cudaError_t status, const char* what);

}  // namespace hilum
