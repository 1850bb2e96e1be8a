// How the CPU rows of batch norm cut a matrix of `rows` lines of C channels: by shape alone, so
// that every number of threads gives the same bits.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/work.h"

namespace hilum {

// Partial sums are put together in double, a cache line of channels at a time.
inline constexpr std::size_t channels_of_a_line = 16;

// x in pieces of 64 KiB, which with dy beside it still fit the second cache.
struct Chunks {
  std::size_t total, rows, count;
  Chunks(std::size_t all_rows, std::size_t c)
      : total(all_rows),
        rows(std::max<std::size_t>(16384 / c, 16)),
        count((all_rows + rows - 1) / rows) {}
  std::size_t begin(std::size_t k) const { return k * rows; }
  std::size_t length(std::size_t k) const { return std::min(rows, total - k * rows); }
};

}  // namespace hilum
