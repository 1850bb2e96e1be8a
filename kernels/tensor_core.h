// What the GPU has beyond plain C++ and our kernels use, levelled for both compilers: products of
// small matrices on tensor cores, and copies to shared memory that run in the background. Under
// nvcc each is one instruction (compute capability 8.0); under g++ it is emulated, with the inputs'
// rounding, with the lanes of a warp meeting, and with copies that arrive no sooner than waited
// for.
//
// A matrix is spread over the 32 lanes of a warp, in registers. With g = lane / 4 and t = lane % 4:
//
//   16x8 accumulator d        d[0] = (g, 2t)   d[1] = (g, 2t+1)   d[2], d[3] = the same in row g +
//   8 TF32  16x8 a              a[0] = (g, t)    a[1] = (g+8, t)    a[2] = (g, t+4)   a[3] = (g+8,
//   t+4)
//         8x8  b              b[0] = (t, g)    b[1] = (t+4, g)
//   bf16  16x16 a, pairs      a[0] = (g, 2t..2t+1)     a[1] = (g+8, same)
//                             a[2] = (g, 2t+8..2t+9)   a[3] = (g+8, same)
//         16x8 b, pairs       b[0] = (2t..2t+1, g)     b[1] = (2t+8..2t+9, g)
//
// (row, column); a pair is two bf16 in one word, the lower index in the lower half. (NVIDIA,
// "Parallel Thread Execution ISA", warp-level matrix instructions.)
#pragma once

#include <cstdint>

#include "kernels/cuda.h"

namespace hilum {

#if defined(__CUDACC__)

// The nearest number of 10 bits of mantissa, as mma_tf32 takes it; ties to even, but for GPUs
// before 9.0, which have no instruction for that and take three for ties away from zero.
__device__ __forceinline__ std::uint32_t to_tf32(float x) {
  std::uint32_t bits;
#if __CUDA_ARCH__ >= 900
  asm("cvt.rn.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
#else
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
#endif
  return bits;
}

// Two numbers rounded to bf16 (ties to even), in one word.
__device__ __forceinline__ std::uint32_t pack_bf16(float low, float high) {
  std::uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

// d += a b, all lanes of the warp together.
__device__ __forceinline__ void mma_tf32(float (&d)[4], const std::uint32_t (&a)[4],
                                         const std::uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ void mma_bf16(float (&d)[4], const std::uint32_t (&a)[4],
                                         const std::uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Four 8x8 matrices of 16-bit elements from shared memory: lane l gives the address of row l % 8 of
// matrix l / 8 (16 bytes, aligned) and gets, of matrix i in word[i], elements (g, 2t) and (g,
// 2t+1); of the transposed matrices (2t, g) and (2t+1, g).
__device__ __forceinline__ void load_matrices(std::uint32_t (&word)[4], const void* row) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(word[0]), "=r"(word[1]), "=r"(word[2]), "=r"(word[3])
               : "r"(address)
               : "memory");
}
__device__ __forceinline__ void load_matrices_transposed(std::uint32_t (&word)[4],
                                                         const void* row) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(word[0]), "=r"(word[1]), "=r"(word[2]), "=r"(word[3])
               : "r"(address)
               : "memory");
}

// Starts a copy of 4, 8 or 16 aligned bytes from global to shared memory; zeros where `valid` is
// false (then `global` is not read and may point anywhere). This thread's copies since the last
// commit form a group; copy_async_wait<n>() returns when at most the n newest groups are on the
// way. Other threads see what was copied after a __syncthreads() that follows the wait.
template <int bytes>
__device__ __forceinline__ void copy_async(void* shared, const void* global, bool valid = true) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16);
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
  const int read = valid ? bytes : 0;
  if constexpr (bytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global),
                 "r"(read)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(address), "l"(global),
                 "n"(bytes), "r"(read)
                 : "memory");
  }
}
__device__ __forceinline__ void copy_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int newest>
__device__ __forceinline__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(newest) : "memory");
}

#else

inline std::uint32_t to_tf32(float x) {
  const std::uint32_t bits = __float_as_uint(x);
  return std::isfinite(x) ? (bits + 0xFFFu + (bits >> 13 & 1)) & ~0x1FFFu : bits;
}

inline std::uint32_t to_bf16(float x) {
  const std::uint32_t bits = __float_as_uint(x);
  if (std::isnan(x)) return 0x7FFF;
  return (bits + 0x7FFFu + (bits >> 16 & 1)) >> 16;
}
inline std::uint32_t pack_bf16(float low, float high) { return to_bf16(high) << 16 | to_bf16(low); }

namespace emu {

struct Fragments {
  std::uint32_t a[4], b[2];
};
// One element of what the lanes brought: of TF32, whose low 13 bits the hardware does not see, and
// of bf16 pairs.
inline float tf32_a(const Fragments* lane, unsigned row, unsigned k) {
  return __uint_as_float(lane[row % 8 * 4 + k % 4].a[row / 8 + k / 4 * 2] & ~0x1FFFu);
}
inline float tf32_b(const Fragments* lane, unsigned k, unsigned column) {
  return __uint_as_float(lane[column * 4 + k % 4].b[k / 4] & ~0x1FFFu);
}
inline float half_of(std::uint32_t pair, unsigned index) {
  return __uint_as_float(index % 2 ? pair & 0xFFFF0000u : pair << 16);
}
inline float bf16_a(const Fragments* lane, unsigned row, unsigned k) {
  return half_of(lane[row % 8 * 4 + k % 8 / 2].a[row / 8 + k / 8 * 2], k);
}
inline float bf16_b(const Fragments* lane, unsigned k, unsigned column) {
  return half_of(lane[column * 4 + k % 8 / 2].b[k / 8], k);
}

template <unsigned depth, auto element_a, auto element_b>
void mma(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2], Where where) {
  const Fragments own = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  Meeting* meeting = meet(0xFFFFFFFFu, &own, sizeof own, where);
  Fragments lane[32];
  for (unsigned i = 0; i < 32; ++i) std::memcpy(&lane[i], &brought_by(meeting, i), sizeof own);
  leave(meeting);
  const unsigned g = now->lane / 4, t = now->lane % 4;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = g + i / 2 * 8, column = 2 * t + i % 2;
    for (unsigned k = 0; k < depth; ++k) {
      d[i] += element_a(lane, row, k) * element_b(lane, k, column);
    }
  }
}

template <bool transposed>
void load_matrices(std::uint32_t (&word)[4], const void* row, Where where) {
  Meeting* meeting = meet(0xFFFFFFFFu, row, 16, where);
  const unsigned g = now->lane / 4, t = now->lane % 4;
  for (unsigned i = 0; i < 4; ++i) {
    auto element = [&](unsigned r, unsigned c) {
      return brought_by(meeting, i * 8 + r).word[c / 2] >> c % 2 * 16 & 0xFFFFu;
    };
    word[i] = transposed ? element(2 * t, g) | element(2 * t + 1, g) << 16
                         : element(g, 2 * t) | element(g, 2 * t + 1) << 16;
  }
  leave(meeting);
}

}  // namespace emu

inline void mma_tf32(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                     HILUM_HERE) {
  emu::mma<8, emu::tf32_a, emu::tf32_b>(d, a, b, where);
}
inline void mma_bf16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                     HILUM_HERE) {
  emu::mma<16, emu::bf16_a, emu::bf16_b>(d, a, b, where);
}
inline void load_matrices(std::uint32_t (&word)[4], const void* row, HILUM_HERE) {
  emu::load_matrices<false>(word, row, where);
}
inline void load_matrices_transposed(std::uint32_t (&word)[4], const void* row, HILUM_HERE) {
  emu::load_matrices<true>(word, row, where);
}

template <int bytes>
void copy_async(void* shared, const void* global, bool valid = true) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16);
  emu::copy_async(shared, valid ? global : nullptr, bytes);
}
inline void copy_async_commit() { emu::copy_async_commit(); }
template <int newest>
void copy_async_wait() {
  emu::copy_async_wait(newest);
}

#endif

}  // namespace hilum
