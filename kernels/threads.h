// How many CPU threads the kernels run on. The floors above ask here, so that OpenMP's own header
// stays in kernels/.
#pragma once

#include <cstddef>

namespace hilum {

// Threads of the next kernel call; at first one a core, or OMP_NUM_THREADS.
std::size_t thread_count();

// From now on that many threads, at least 1. Results do not depend on it, not in a single bit.
void set_thread_count(std::size_t count);

}  // namespace hilum
