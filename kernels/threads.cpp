#include "kernels/threads.h"

#include <omp.h>

#include <algorithm>

namespace hilum {

std::size_t thread_count() { return static_cast<std::size_t>(omp_get_max_threads()); }

void set_thread_count(std::size_t count) {
  omp_set_num_threads(static_cast<int>(std::max<std::size_t>(count, 1)));
}

}  // namespace hilum
