// What loops over memory share, whatever the operation.
#pragma once

#include <cstddef>

namespace hilum {

// From so many elements on, a loop that does a few operations an element is spread over threads;
// below, waking them costs more than they save (a few microseconds).
inline constexpr std::size_t parallel_from = 32768;

}  // namespace hilum
