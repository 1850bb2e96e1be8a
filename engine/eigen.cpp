// Cyclic Jacobi: turn away one off-diagonal element after the other until none is left. Slow for
// large matrices (about 10 sweeps of 3 n^3 multiplications), exact to rounding, and short.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/pca.h"

namespace hilum {
namespace {

// Rows p and q of m become c p - s q and s p + c q.
void rotate_rows(double* p, double* q, std::size_t n, double c, double s) {
  for (std::size_t i = 0; i < n; ++i) {
    const double x = p[i], y = q[i];
    p[i] = c * x - s * y;
    q[i] = s * x + c * y;
  }
}

double off_diagonal(const std::vector<double>& a, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) sum += a[i * n + j] * a[i * n + j];
  return sum;
}

}  // namespace

void symmetric_eigen(std::vector<double>& a, std::size_t n, std::vector<double>& values,
                     std::vector<double>& vectors) {
  std::vector<double> v(n * n);
  for (std::size_t i = 0; i < n; ++i) v[i * n + i] = 1;
  double norm = 0;
  for (const double x : a) norm += x * x;
  for (int sweep = 0; sweep < 60 && off_diagonal(a, n) > 1e-30 * norm; ++sweep) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        const double apq = a[p * n + q];
        if (apq * apq <= 1e-36 * norm) continue;
        const double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        const double app = a[p * n + p], aqq = a[q * n + q];
        // Rows first; the columns follow by symmetry, but for the 2 x 2 block in the middle.
        rotate_rows(&a[p * n], &a[q * n], n, c, s);
        a[p * n + p] = app - t * apq;
        a[q * n + q] = aqq + t * apq;
        a[p * n + q] = a[q * n + p] = 0;
        for (std::size_t i = 0; i < n; ++i) {
          if (i == p || i == q) continue;
          a[i * n + p] = a[p * n + i];
          a[i * n + q] = a[q * n + i];
        }
        rotate_rows(&v[p * n], &v[q * n], n, c, s);
      }
    }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return a[i * n + i] > a[j * n + j]; });
  values.resize(n);
  vectors.resize(n * n);
  for (std::size_t r = 0; r < n; ++r) {
    values[r] = a[order[r] * n + order[r]];
    std::copy_n(&v[order[r] * n], n, &vectors[r * n]);
  }
}

}  // namespace hilum
