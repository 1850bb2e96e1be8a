// Sums and maxima over a warp and over a block, in an order that depends on nothing but the block's
// size. For .cu files.
#pragma once

#include "kernels/cuda.h"

namespace hilum {

// Over the 32 lanes, by halving the distance; every lane gets the result.
template <class T>
__device__ __forceinline__ T warp_sum(T value) {
  for (int distance = 16; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(0xFFFFFFFFu, value, distance);
  }
  return value;
}
__device__ __forceinline__ float warp_max(float value) {
  for (int distance = 16; distance > 0; distance /= 2) {
    const float other = __shfl_xor_sync(0xFFFFFFFFu, value, distance);
    value = other > value ? other : value;
  }
  return value;
}

// Over a block of one dimension, a multiple of 32 threads and at most 1024. Thread 0 gets the
// result. All threads must call it.
__device__ __forceinline__ float block_sum(float value) {
  __shared__ float of_warp[32];
  value = warp_sum(value);
  __syncthreads();  // of_warp may still be read by an earlier call
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x < 32) {
    value = warp_sum(threadIdx.x < blockDim.x / 32 ? of_warp[threadIdx.x] : 0.0f);
  }
  return value;
}

}  // namespace hilum
