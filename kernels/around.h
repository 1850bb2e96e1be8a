// Results that are written around the caches.
//
// A processor that writes a line of memory reads it into the cache first. Where a result is larger
// than the caches, nobody finds it there anyway, and the reading costs as much again as the
// writing. Non-temporal stores (store_around in kernels/simd.h) send whole lines to memory instead.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simd_headers.h"

namespace hilum {

// Whether a result of so many floats, of which `width` are written in rows of `pitch`, is worth it
// and can be: it has to be whole registers on their natural borders.
inline bool goes_around(const float* to, std::size_t floats, std::size_t pitch, std::size_t width) {
  constexpr std::size_t least_bytes = 8 << 20;  // a quarter of a large last cache
  return floats * sizeof(float) >= least_bytes && reinterpret_cast<std::uintptr_t>(to) % 64 == 0 &&
         pitch % 16 == 0 && width % 16 == 0;
}

// Of the calling thread, before others read what it wrote around the caches.
inline void finish_around() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace hilum
