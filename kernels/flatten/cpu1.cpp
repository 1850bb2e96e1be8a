// flatten, CPU: each image is a matrix (H W) x C that is transposed, forward and backward alike.
// Done in squares, so that the cache lines read and the cache lines written are each used whole
// while they are near. Bound by memory: 8 bytes moved an element. No arithmetic, hence one variant.
#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/flatten/rows.h"

namespace hilum {
namespace {

// from [n, rows, columns] -> to [n, columns, rows]
void transpose(std::size_t n, std::size_t rows, std::size_t columns, const float* from, float* to) {
  constexpr std::size_t side = 32;
  const std::size_t bands = (rows + side - 1) / side;
#pragma omp parallel for collapse(2) schedule(static) if (n * rows * columns >= parallel_from)
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t band = 0; band < bands; ++band) {
      const float* source = from + i * rows * columns;
      float* target = to + i * rows * columns;
      const std::size_t row0 = band * side, row1 = std::min(rows, row0 + side);
      for (std::size_t column0 = 0; column0 < columns; column0 += side) {
        const std::size_t column1 = std::min(columns, column0 + side);
        for (std::size_t column = column0; column < column1; ++column)
          for (std::size_t row = row0; row < row1; ++row)
            target[column * rows + row] = source[row * columns + column];
      }
    }
}

}  // namespace

void flatten_forward_cpu1(const Launch&, const FlattenProblem& a, const float* x, float* y) {
  transpose(a.n, a.h * a.w, a.c, x, y);
}

void flatten_backward_cpu1(const Launch&, const FlattenProblem& a, const float* dy, float* dx) {
  transpose(a.n, a.c, a.h * a.w, dy, dx);
}

}  // namespace hilum
