// concat, CPU: each row's parts are copied one after another, threads over rows.
// Bound by memory: 8 bytes moved an element. memcpy chooses its own vector registers, so there is
// one variant for every instruction set.
#include <cstring>

#include "kernels/concat/rows.h"
#include "kernels/elementwise.h"

namespace hilum {

void concat_forward_cpu1(const Launch&, const ConcatProblem& problem, const float* a,
                         const float* b, const float* c, const float* d, float* y) {
  const float* parts[4] = {a, b, c, d};
  const std::size_t total = problem.total();
#pragma omp parallel for schedule(static) if (problem.rows * total >= parallel_from)
  for (std::size_t row = 0; row < problem.rows; ++row) {
    float* to = y + row * total;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t count = problem.channels[i];
      if (count != 0) std::memcpy(to, parts[i] + row * count, count * sizeof(float));
      to += count;
    }
  }
}

void concat_backward_cpu1(const Launch&, const ConcatProblem& problem, const float* dy, float* da,
                          float* db, float* dc, float* dd) {
  float* parts[4] = {da, db, dc, dd};
  const std::size_t total = problem.total();
#pragma omp parallel for schedule(static) if (problem.rows * total >= parallel_from)
  for (std::size_t row = 0; row < problem.rows; ++row) {
    const float* from = dy + row * total;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t count = problem.channels[i];
      if (count != 0) std::memcpy(parts[i] + row * count, from, count * sizeof(float));
      from += count;
    }
  }
}

}  // namespace hilum
