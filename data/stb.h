// What image.cpp shares with the stb implementations.
#pragma once

#include <cstddef>

namespace hilum {

// No single allocation of the decoder on this thread may be larger, in bytes.
extern thread_local std::size_t stb_allocation_limit;

// Thrown where the decoder finds its own state impossible.
struct StbAssertion {};

}  // namespace hilum
