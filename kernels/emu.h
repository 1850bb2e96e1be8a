// emu: the CUDA kernels on the CPU. The same .cu files are compiled as plain C++ against this
// header, so that every hand-written kernel is tested, and can be stepped through with gdb, on a
// machine without a GPU.
//
// A CUDA thread is a fibre; a block runs on one thread of the operating system, whose thread_local
// variables are therefore its shared memory; blocks are spread over OpenMP's threads. A fibre runs
// until its next barrier, so the order of fibres between two barriers is ours to choose:
// HILUM_EMU_SEED=0 is the natural order, any other seed shuffles it after every barrier. A kernel
// that lacks a __syncthreads() or a __syncwarp() gives wrong results under some seed. Shared memory
// that a kernel has not written holds no numbers.
//
// Rules for kernels beside CUDA's own:
//  - start them with launch<kernel>(...) of cuda.h, never with triple brackets;
//  - dynamic shared memory is dynamic_shared<T>(), static is `__shared__ T name[n]`;
//  - only what this header and tensor_core.h offer; no inline PTX elsewhere;
//  - __syncthreads() stands in one place for all threads of a block: waiting in two places at once,
//    and shuffles that a lane of the mask never reaches, are errors that name the lines;
//  - inputs and outputs never pass through atomics on floats: their order is not fixed.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>

#define __global__
#define __device__
#define __host__
#define __shared__ static thread_local
#define __launch_bounds__(...)
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(bytes) __attribute__((aligned(bytes)))

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace hilum::emu {

using Where = std::source_location;

struct Index {
  unsigned x, y, z;
};

// What threadIdx and the like read, one a CUDA thread.
struct Builtins {
  Index thread, block;
  dim3 block_size, grid_size;
  unsigned lane;
};
extern constinit thread_local const Builtins* now;

// Runs `thread(context)` once for every thread of the grid; returns when all are through.
void run_grid(dim3 grid, dim3 block, std::size_t shared_bytes, void (*thread)(void*), void* context,
              const char* kernel);
unsigned char* dynamic_shared();
void sync_block(Where where);

// A meeting of the lanes in `mask`: each brings some words, and when all are there each reads what
// it wants of the others'. Lanes that are not in the mask show garbage.
struct Words {
  std::uint32_t word[8];
};
struct Meeting;
Meeting* meet(unsigned mask, const void* brought, std::size_t bytes, Where where);
const Words& brought_by(const Meeting* meeting, unsigned lane);
void leave(Meeting* meeting);

// The lane's own value where `lane` lies outside of the warp.
template <class T>
T exchange(unsigned mask, T value, unsigned lane, Where where) {
  static_assert(sizeof(T) <= sizeof(Words));
  Meeting* meeting = meet(mask, &value, sizeof value, where);
  if (lane < 32) std::memcpy(&value, &brought_by(meeting, lane), sizeof value);
  leave(meeting);
  return value;
}
unsigned ballot(unsigned mask, bool vote, Where where);
unsigned active_lanes();

// Copies in the background (see tensor_core.h): nothing arrives before it is waited for. A null
// `from` gives zeros.
void copy_async(void* to, const void* from, std::size_t bytes);
void copy_async_commit();
void copy_async_wait(std::size_t newest);

}  // namespace hilum::emu

#define threadIdx (::hilum::emu::now->thread)
#define blockIdx (::hilum::emu::now->block)
#define blockDim (::hilum::emu::now->block_size)
#define gridDim (::hilum::emu::now->grid_size)
inline constexpr int warpSize = 32;

#define HILUM_HERE ::hilum::emu::Where where = ::hilum::emu::Where::current()

// Barriers and warps.
inline void __syncthreads(HILUM_HERE) { ::hilum::emu::sync_block(where); }
inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, HILUM_HERE) {
  ::hilum::emu::leave(::hilum::emu::meet(mask, nullptr, 0, where));
}
template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, HILUM_HERE) {
  const unsigned own = ::hilum::emu::now->lane, first = own / width * width;
  return ::hilum::emu::exchange(mask, value, first + static_cast<unsigned>(lane) % width, where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, HILUM_HERE) {
  const unsigned own = ::hilum::emu::now->lane, end = own / width * width + width;
  return ::hilum::emu::exchange(mask, value, own + delta < end ? own + delta : own, where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, HILUM_HERE) {
  const unsigned own = ::hilum::emu::now->lane, first = own / width * width;
  return ::hilum::emu::exchange(mask, value, own >= first + delta ? own - delta : own, where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, HILUM_HERE) {
  const unsigned own = ::hilum::emu::now->lane, end = own / width * width + width;
  const unsigned other = own ^ static_cast<unsigned>(bits);
  return ::hilum::emu::exchange(mask, value, other < end ? other : own, where);
}
inline unsigned __ballot_sync(unsigned mask, int vote, HILUM_HERE) {
  return ::hilum::emu::ballot(mask, vote != 0, where);
}
inline int __any_sync(unsigned mask, int vote, HILUM_HERE) {
  return ::hilum::emu::ballot(mask, vote != 0, where) != 0;
}
inline int __all_sync(unsigned mask, int vote, HILUM_HERE) {
  return ::hilum::emu::ballot(mask, vote != 0, where) == mask;
}
// The lanes of the warp that have not returned; on a GPU those that happen to run together.
inline unsigned __activemask() { return ::hilum::emu::active_lanes(); }
inline void __threadfence() { std::atomic_thread_fence(std::memory_order_seq_cst); }
inline void __threadfence_block() {}

// Atomics; each returns the value before.
template <class T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  return std::atomic_ref<T>(*address).fetch_add(value);
}
template <class T>
T atomicExch(T* address, std::type_identity_t<T> value) {
  return std::atomic_ref<T>(*address).exchange(value);
}
template <class T>
T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  std::atomic_ref<T>(*address).compare_exchange_strong(expected, value);
  return expected;
}
template <class T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  T old = std::atomic_ref<T>(*address).load();
  while (old < value && !std::atomic_ref<T>(*address).compare_exchange_weak(old, value)) {
  }
  return old;
}
template <class T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  T old = std::atomic_ref<T>(*address).load();
  while (value < old && !std::atomic_ref<T>(*address).compare_exchange_weak(old, value)) {
  }
  return old;
}

// Arithmetic.
template <class T>
T __ldg(const T* address) {
  return *address;
}
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) {
  volatile float product = a * b;  // never fused with an addition
  return product;
}
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float rsqrtf(float x) { return 1 / std::sqrt(x); }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(a) * b >> 32);
}
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
template <class A, class B>
constexpr std::common_type_t<A, B> min(A a, B b) {
  using T = std::common_type_t<A, B>;
  return static_cast<T>(b) < static_cast<T>(a) ? static_cast<T>(b) : static_cast<T>(a);
}
template <class A, class B>
constexpr std::common_type_t<A, B> max(A a, B b) {
  using T = std::common_type_t<A, B>;
  return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(b) : static_cast<T>(a);
}

// Short vectors: one access of 8 or 16 bytes, which must be aligned.
#define HILUM_VECTOR(type, element)                                      \
  struct alignas(8) type##2 {                                            \
    element x, y;                                                        \
  };                                                                     \
  struct alignas(16) type##4 {                                           \
    element x, y, z, w;                                                  \
  };                                                                     \
  inline type##2 make_##type##2(element x, element y) { return {x, y}; } \
  inline type##4 make_##type##4(element x, element y, element z, element w) { return {x, y, z, w}; }
HILUM_VECTOR(float, float)
HILUM_VECTOR(int, int)
HILUM_VECTOR(uint, unsigned)
#undef HILUM_VECTOR
