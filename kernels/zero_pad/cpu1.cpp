// zero_pad, CPU: a line of pixels with its channels is contiguous, so it is copied whole. Bound by
// memory: 8 bytes moved an element. No arithmetic, hence one variant.
#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/zero_pad/rows.h"

namespace hilum {

void zero_pad_forward_cpu1(const Launch&, const ZeroPadProblem& a, const float* x, float* y) {
  const std::size_t line = a.w * a.c;
#pragma omp parallel for collapse(2) schedule(static) if (a.y_count() >= parallel_from)
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t p = 0; p < a.p(); ++p) {
      float* to = y + (n * a.p() + p) * a.q() * a.c;
      if (p < a.top || p >= a.top + a.h) {
        std::fill_n(to, a.q() * a.c, 0.0f);
        continue;
      }
      to = std::fill_n(to, a.left * a.c, 0.0f);
      to = std::copy_n(x + (n * a.h + p - a.top) * line, line, to);
      std::fill_n(to, a.right * a.c, 0.0f);
    }
}

void zero_pad_backward_cpu1(const Launch&, const ZeroPadProblem& a, const float* dy, float* dx) {
  const std::size_t line = a.w * a.c;
#pragma omp parallel for collapse(2) schedule(static) if (a.y_count() >= parallel_from)
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t h = 0; h < a.h; ++h) {
      const float* from = dy + ((n * a.p() + a.top + h) * a.q() + a.left) * a.c;
      std::copy_n(from, line, dx + (n * a.h + h) * line);
    }
}

}  // namespace hilum
