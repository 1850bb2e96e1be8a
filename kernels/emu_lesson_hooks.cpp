// Where the compiler's instrumentation of libhilum_lesson.so ends. It calls __tsan_read4(address)
// and the like before each access and __sanitizer_cov_trace_pc() in each basic block; the address
// that these return to names the instruction. See emu_lesson.h.
#include <cstddef>
#include <cstdint>

#include "kernels/emu_hooks.h"

namespace {
inline std::uintptr_t address_of(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }
}  // namespace

#define HILUM_HOOK extern "C" __attribute__((visibility("default"), noinline)) void
#define HILUM_ACCESS(name, bytes)                                                           \
  HILUM_HOOK name(void* address) {                                                          \
    hilum::emu::lesson_access(address_of(__builtin_return_address(0)), address_of(address), \
                              bytes);                                                       \
  }
#define HILUM_ACCESSES(bytes)                        \
  HILUM_ACCESS(__tsan_read##bytes, bytes)            \
  HILUM_ACCESS(__tsan_write##bytes, bytes)           \
  HILUM_ACCESS(__tsan_unaligned_read##bytes, bytes)  \
  HILUM_ACCESS(__tsan_unaligned_write##bytes, bytes) \
  HILUM_ACCESS(__tsan_volatile_read##bytes, bytes)   \
  HILUM_ACCESS(__tsan_volatile_write##bytes, bytes)
HILUM_ACCESSES(1)
HILUM_ACCESSES(2)
HILUM_ACCESSES(4)
HILUM_ACCESSES(8)
HILUM_ACCESSES(16)

HILUM_HOOK __tsan_read_range(void* address, std::size_t bytes) {
  hilum::emu::lesson_access(address_of(__builtin_return_address(0)), address_of(address), bytes);
}
HILUM_HOOK __tsan_write_range(void* address, std::size_t bytes) {
  hilum::emu::lesson_access(address_of(__builtin_return_address(0)), address_of(address), bytes);
}
HILUM_HOOK __tsan_vptr_read(void*) {}
HILUM_HOOK __tsan_vptr_update(void*, void*) {}
HILUM_HOOK __tsan_func_entry(void*) {}
HILUM_HOOK __tsan_func_exit() {}
HILUM_HOOK __tsan_init() {}
HILUM_HOOK __sanitizer_cov_trace_pc() {
  hilum::emu::lesson_step(address_of(__builtin_return_address(0)));
}

// Atomics count as an access and are done.
#define HILUM_ATOMIC(bits, type)                                                                \
  extern "C" __attribute__((visibility("default")))                                             \
  type __tsan_atomic##bits##_load(const volatile type* a, int) {                                \
    return __atomic_load_n(a, __ATOMIC_SEQ_CST);                                                \
  }                                                                                             \
  extern "C" __attribute__((visibility("default"))) void __tsan_atomic##bits##_store(           \
      volatile type* a, type v, int) {                                                          \
    __atomic_store_n(a, v, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                             \
  extern "C" __attribute__((visibility("default")))                                             \
  type __tsan_atomic##bits##_exchange(volatile type* a, type v, int) {                          \
    return __atomic_exchange_n(a, v, __ATOMIC_SEQ_CST);                                         \
  }                                                                                             \
  extern "C" __attribute__((visibility("default")))                                             \
  type __tsan_atomic##bits##_fetch_add(volatile type* a, type v, int) {                         \
    return __atomic_fetch_add(a, v, __ATOMIC_SEQ_CST);                                          \
  }                                                                                             \
  extern "C"                                                                                    \
      __attribute__((visibility("default"))) int __tsan_atomic##bits##_compare_exchange_strong( \
          volatile type* a, type* c, type v, int, int) {                                        \
    return __atomic_compare_exchange_n(a, c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);     \
  }                                                                                             \
  extern "C"                                                                                    \
      __attribute__((visibility("default"))) int __tsan_atomic##bits##_compare_exchange_weak(   \
          volatile type* a, type* c, type v, int, int) {                                        \
    return __atomic_compare_exchange_n(a, c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);     \
  }
HILUM_ATOMIC(8, std::uint8_t)
HILUM_ATOMIC(32, std::uint32_t)
HILUM_ATOMIC(64, std::uint64_t)
HILUM_HOOK __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
