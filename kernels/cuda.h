// What every .cu file includes. Each is compiled twice: by nvcc for the GPU, and as plain C++
// against emu.h (whose head has the rules) for device `emu`. This header levels what differs.
//
//   // relu, CUDA: one thread an element.                   kernels/relu/cuda1.cu
//   namespace hilum {
//   namespace {
//   __global__ void forward(std::size_t count, const float* x, float* y) { ... }
//   }
//   HILUM_CUDA_ROW(ReluForward, relu_forward_cuda1);        // <op>_<pass>_<row>
//   void relu_forward_cuda1(const Launch& on, const ReluProblem& a, const float* x, float* y) {
//     launch<forward>(on, blocks_for(a.count, 256), 256, 0, a.count, x, y);
//   }
//   }
//
// and in table.cpp one line: HILUM_CUDA_ROWS(ReluForward, "cuda1").
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/row.h"

#if defined(__CUDACC__)
#include "kernels/cuda_check.h"
#else
#include "kernels/emu.h"
#endif

// Declares the row's function with the type that its pass demands, under a name without mangling by
// which the program finds it in the shared object.
#define HILUM_CUDA_ROW(Pass, function) \
  extern "C" __attribute__((visibility("default"))) std::remove_pointer_t<Pass::Function> function

namespace hilum {

#if defined(__CUDACC__)

// Starts kernel(args...) on grid x block threads with so many bytes of dynamic shared memory.
// Does not wait. An empty grid is no work.
template <auto kernel, class... Args>
void launch(const Launch& on, dim3 grid, dim3 block, std::size_t shared_bytes, Args... args) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  if (shared_bytes > 48 * 1024) {
    check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shared_bytes)),
               "more than 48 KiB of shared memory");
  }
  kernel<<<grid, block, shared_bytes, static_cast<cudaStream_t>(on.stream)>>>(args...);
  check_cuda(cudaGetLastError(), __PRETTY_FUNCTION__);
}

template <class T>
__device__ __forceinline__ T* dynamic_shared() {
  extern __shared__ __align__(128) unsigned char hilum_dynamic_shared[];
  return reinterpret_cast<T*>(hilum_dynamic_shared);
}

#else

template <class... Params, class... Args>
void call_kernel(void (*kernel)(Params...), Args... args) {
  kernel(static_cast<Params>(args)...);
}

template <auto kernel, class... Args>
void launch(const Launch&, dim3 grid, dim3 block, std::size_t shared_bytes, Args... args) {
  auto thread = [&] { call_kernel(kernel, args...); };
  emu::run_grid(
      grid, block, shared_bytes,
      [](void* context) { (*static_cast<decltype(thread)*>(context))(); }, &thread,
      __PRETTY_FUNCTION__);
}

template <class T>
T* dynamic_shared() {
  return reinterpret_cast<T*>(emu::dynamic_shared());
}

#endif

// Blocks of `threads` threads, so that there is a thread for each of `count` elements. Kernels walk
// on in steps of grid_threads(), so a grid is never larger than what fills any GPU several times.
inline unsigned blocks_for(std::size_t count, std::size_t threads) {
  const std::size_t blocks = (count + threads - 1) / threads;
  return static_cast<unsigned>(blocks < 65535 ? blocks : 65535);
}

// This thread's number in a grid of one dimension, and how many threads that has:
//   for (std::size_t i = grid_thread(); i < count; i += grid_threads()) ...
__device__ __forceinline__ std::size_t grid_thread() {
  return static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ std::size_t grid_threads() {
  return static_cast<std::size_t>(gridDim.x) * blockDim.x;
}

// i = quotient x by + remainder, by 32-bit division where that is enough: a 64-bit one takes a
// hundred instructions.
struct Division {
  std::size_t quotient, remainder;
};
__device__ __forceinline__ Division divide(std::size_t i, std::size_t by) {
  if ((i | by) >> 32 == 0) {
    const auto small = static_cast<std::uint32_t>(i), divisor = static_cast<std::uint32_t>(by);
    return {small / divisor, small % divisor};
  }
  return {i / by, i % by};
}

}  // namespace hilum
