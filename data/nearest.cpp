// Correlations as products of matrices, a block of queries at a time.
#include "data/nearest.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/dispatch.h"

namespace hilum {

double Pictures::correlation(std::size_t i, std::size_t j) const {
  const float *x = &rows[i * d], *y = &rows[j * d];
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t k = 0; k < d; ++k) sum += static_cast<double>(x[k]) * static_cast<double>(y[k]);
  return sum;
}

Pictures unit_pictures(const Survey& survey, const std::vector<std::size_t>& which,
                       std::size_t side) {
  Pictures pictures{side * side, std::vector<float>(which.size() * side * side)};
#pragma omp parallel for
  for (std::size_t n = 0; n < which.size(); ++n) {
    const std::uint8_t* from = survey.picture(which[n]);
    const Image whole{survey.side, survey.side, 1,
                      std::vector<std::uint8_t>(from, from + survey.side * survey.side)};
    const Image small = resize(whole, side, side);
    float* row = &pictures.rows[n * pictures.d];
    double mean = 0, squares = 0;
    for (const std::uint8_t v : small.pixels) mean += v;
    mean /= static_cast<double>(pictures.d);
    for (const std::uint8_t v : small.pixels) squares += (v - mean) * (v - mean);
    const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
    for (std::size_t k = 0; k < pictures.d; ++k)
      row[k] = static_cast<float>((small.pixels[k] - mean) * scale);
  }
  return pictures;
}

std::vector<std::size_t> nearest_references(const Pictures& queries, const Pictures& references,
                                            bool same) {
  const std::size_t n = queries.count(), m = references.count(), d = queries.d;
  std::vector<std::size_t> nearest(n, SIZE_MAX);
  if (m == 0) return nearest;
  constexpr std::size_t block = 256;
  std::vector<float> alike(std::min(block, n) * m);
  for (std::size_t begin = 0; begin < n; begin += block) {
    const std::size_t count = std::min(block, n - begin);
    run<DenseForward>(Device::cpu, DenseProblem{count, d, m}, &queries.rows[begin * d],
                      references.rows.data(), alike.data());
#pragma omp parallel for
    for (std::size_t i = 0; i < count; ++i) {
      float best = -2;
      for (std::size_t j = 0; j < m; ++j) {
        if (alike[i * m + j] <= best || (same && j == begin + i)) continue;
        best = alike[i * m + j];
        nearest[begin + i] = j;
      }
    }
  }
  return nearest;
}

}  // namespace hilum
