// What the rows of cuBLAS and cuBLASLt share: their errors.
#pragma once

#include <cublas_v2.h>

#include "kernels/device_objects.h"
#include "kernels/error.h"

namespace hilum::cublas {

inline void check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw device_error("cuBLAS: {}: {}. Force another row with --kernels.", what,
                     cublasGetStatusString(status));
}

}  // namespace hilum::cublas
