// The products with the centred images, the two methods, and what they share: Rayleigh-Ritz.
#include "engine/pca.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "engine/tensor.h"
#include "kernels/dense/dense.h"
#include "kernels/dispatch.h"
#include "kernels/error.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

// A is n x d, on the device. Vectors are rows: Q is b x d, Y is b x n.
struct Products {
  Device device;
  std::size_t n, d;
  Tensor a;

  // Q A^T: b x n.
  Tensor times_rows(const Tensor& q) const {
    const std::size_t b = q.size(0);
    Tensor y = Tensor::empty({b, n}, device);
    run<DenseForward>(device, DenseProblem{b, d, n}, q.data(), a.data(), y.data());
    return y;
  }
  // Y A: b x d.
  Tensor times_columns(const Tensor& y) const {
    const std::size_t b = y.size(0);
    Tensor q = Tensor::empty({b, d}, device);
    run<DenseBackwardData>(device, DenseProblem{b, d, n}, a.data(), y.data(), q.data());
    return q;
  }
  // X X^T of the b rows of X.
  std::vector<float> gram(const Tensor& x) const {
    const std::size_t b = x.size(0);
    Tensor g = Tensor::empty({b, b}, device);
    run<DenseForward>(device, DenseProblem{b, x.size(1), b}, x.data(), x.data(), g.data());
    return g.values();
  }
  // M X, with M r x b on the host.
  Tensor mix(const std::vector<float>& m, std::size_t r, const Tensor& x) const {
    const std::size_t b = x.size(0), length = x.size(1);
    const Tensor left = Tensor::from(m, {r, b}).to(device);
    Tensor y = Tensor::empty({r, length}, device);
    run<DenseBackwardData>(device, DenseProblem{r, length, b}, x.data(), left.data(), y.data());
    return y;
  }
  // A^T A: d x d.
  std::vector<float> covariance() const {
    Tensor c = Tensor::empty({d, d}, device);
    run<DenseBackwardWeight>(device, DenseProblem{n, d, d}, a.data(), a.data(), c.data());
    return c.values();
  }
};

double dot(const float* x, const float* y, std::size_t n) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return sum;
}

Tensor random_rows(std::size_t b, std::size_t d, std::uint64_t seed) {
  const Philox random{seed, purpose("pca start")};
  std::vector<float> values(b * d);
#pragma omp parallel for
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.normal(i));
  return Tensor::from(values, {b, d});
}

constexpr std::size_t chunk = 512;  // columns at a time, so that the sums stay in the first cache

// Rows made orthonormal: Gram-Schmidt in double, twice over. A row that depends on those before it
// is drawn anew.
void orthonormalise(std::vector<float>& rows, std::size_t b, std::size_t d, std::uint64_t seed) {
  for (std::size_t i = 0; i < b; ++i) {
    float* row = &rows[i * d];
    for (std::uint64_t attempt = 0;; ++attempt) {
      const double before = std::sqrt(dot(row, row, d));
      for (int twice = 0; twice < 2; ++twice) {
        std::vector<double> along(i);
#pragma omp parallel for
        for (std::size_t j = 0; j < i; ++j) along[j] = dot(row, &rows[j * d], d);
#pragma omp parallel for
        for (std::size_t begin = 0; begin < d; begin += chunk) {
          const std::size_t end = std::min(d, begin + chunk);
          std::array<double, chunk> part{};
          for (std::size_t j = 0; j < i; ++j)
            for (std::size_t x = begin; x < end; ++x) part[x - begin] += along[j] * rows[j * d + x];
          for (std::size_t x = begin; x < end; ++x)
            row[x] = static_cast<float>(row[x] - part[x - begin]);
        }
      }
      const double length = std::sqrt(dot(row, row, d));
      if (length > 1e-5 * before && length > 1e-30) {
        for (std::size_t x = 0; x < d; ++x) row[x] = static_cast<float>(row[x] / length);
        break;
      }
      const Philox random = Philox{seed, purpose("pca restart")}.child(i * 64 + attempt);
      for (std::size_t x = 0; x < d; ++x) row[x] = static_cast<float>(random.normal(x));
    }
  }
}

Tensor orthonormal(const Tensor& rows, std::uint64_t seed, Device device) {
  std::vector<float> values = rows.values();
  orthonormalise(values, rows.size(0), rows.size(1), seed);
  return Tensor::from(values, rows.shape()).to(device);
}

// Within the space of Q's rows (orthonormal, b x d) the directions of largest variance, k x d, and
// their sums of squares: the eigenvectors of (Q A^T)(Q A^T)^T.
Tensor rayleigh_ritz(const Products& products, const Tensor& q, std::size_t k,
                     std::vector<double>& squares) {
  const std::size_t b = q.size(0);
  const std::vector<float> gram = products.gram(products.times_rows(q));
  std::vector<double> symmetric(gram.begin(), gram.end()), vectors;
  symmetric_eigen(symmetric, b, squares, vectors);
  squares.resize(k);
  vectors.resize(k * b);
  return products.mix({vectors.begin(), vectors.end()}, k, q);
}

Tensor by_covariance(const Products& products, std::size_t k, std::vector<double>& squares,
                     const PcaOptions& options) {
  const bool tall = products.d <= products.n;
  const std::size_t side = tall ? products.d : products.n;
  const std::vector<float> gram = tall ? products.covariance() : products.gram(products.a);
  std::vector<double> symmetric(gram.begin(), gram.end()), vectors;
  symmetric_eigen(symmetric, side, squares, vectors);
  // Rounding blurs the weak ones in the squared matrix, so the last word has A itself, among these
  // and some more.
  const std::size_t b = std::min(k + options.oversampling, side);
  vectors.resize(b * side);
  const Tensor top = Tensor::from(std::vector<float>(vectors.begin(), vectors.end()), {b, side})
                         .to(products.device);
  const Tensor q =
      orthonormal(tall ? top : products.times_columns(top), options.seed, products.device);
  return rayleigh_ritz(products, q, k, squares);
}

// Largest 1 - |cosine| between the old and the new components.
double turned(const std::vector<float>& before, const std::vector<float>& now, std::size_t k,
              std::size_t d) {
  double most = 0;
  for (std::size_t j = 0; j < k; ++j)
    most = std::max(most, 1 - std::abs(dot(&before[j * d], &now[j * d], d)));
  return most;
}

Tensor by_iteration(const Products& products, std::size_t k, const PcaOptions& options,
                    std::vector<double>& squares, std::size_t& iterations) {
  const std::size_t most = std::min(products.n, products.d);
  const std::size_t b = std::min(k + options.oversampling, most);
  Tensor q = orthonormal(random_rows(b, products.d, options.seed), options.seed, products.device);
  std::vector<float> before;
  for (iterations = 1;; ++iterations) {
    q = orthonormal(products.times_columns(products.times_rows(q)), options.seed, products.device);
    q = rayleigh_ritz(products, q, b, squares);
    std::vector<float> now = q.values();
    now.resize(k * products.d);
    if (iterations >= options.iterations ||
        (!before.empty() && turned(before, now, k, products.d) < options.tolerance)) {
      squares.resize(k);
      return Tensor::from(now, {k, products.d});
    }
    before = std::move(now);
  }
}

void fix_signs(std::vector<float>& components, std::size_t k, std::size_t d) {
  for (std::size_t j = 0; j < k; ++j) {
    float* row = &components[j * d];
    const auto largest =
        std::max_element(row, row + d, [](float x, float y) { return std::abs(x) < std::abs(y); });
    if (*largest < 0) std::transform(row, row + d, row, std::negate<>());
  }
}

std::vector<float> centred(const float* x, std::size_t n, const std::vector<float>& mean) {
  const std::size_t d = mean.size();
  std::vector<float> a(n * d);
#pragma omp parallel for
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j) a[i * d + j] = x[i * d + j] - mean[j];
  return a;
}

std::vector<float> mean_of(const float* x, std::size_t n, std::size_t d) {
  std::vector<double> sum(d);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j) sum[j] += x[i * d + j];
  std::vector<float> mean(d);
  for (std::size_t j = 0; j < d; ++j) mean[j] = static_cast<float>(sum[j] / static_cast<double>(n));
  return mean;
}

constexpr std::size_t covariance_limit = 256;  // Jacobi takes about a second there

}  // namespace

Pca fit_pca(const float* x, std::size_t n, std::size_t d, std::size_t k,
            const PcaOptions& options) {
  if (n < 2 || d == 0 || k == 0) {
    throw usage_error(
        "PCA of {} rows of {} numbers, {} components: expected two rows or more and "
        "neither zero columns nor zero components.",
        n, d, k);
  }
  const std::size_t most = std::min(n, d);
  Pca pca;
  pca.n = n, pca.d = d, pca.k = std::min(k, most);
  pca.mean = mean_of(x, n, d);
  const std::vector<float> a = centred(x, n, pca.mean);
  const double freedom = static_cast<double>(n - 1);
  for (std::size_t i = 0; i < n; ++i) pca.total_variance += dot(&a[i * d], &a[i * d], d) / freedom;

  const Products products{options.device, n, d, Tensor::from(a, {n, d}).to(options.device)};
  const bool exact = options.method == PcaMethod::covariance ||
                     (options.method == PcaMethod::automatic && most <= covariance_limit);
  std::vector<double> squares;
  const Tensor components = exact ? by_covariance(products, pca.k, squares, options)
                                  : by_iteration(products, pca.k, options, squares, pca.iterations);
  pca.components = components.values();
  fix_signs(pca.components, pca.k, d);
  for (const double s : squares) pca.variance.push_back(std::max(0.0, s / freedom));
  return pca;
}

std::vector<float> Pca::scores(const float* x, std::size_t count, Device device) const {
  const std::vector<float> a = centred(x, count, mean);
  const Tensor rows = Tensor::from(a, {count, d}).to(device);
  const Tensor directions = Tensor::from(components, {k, d}).to(device);
  Tensor y = Tensor::empty({count, k}, device);
  run<DenseForward>(device, DenseProblem{count, d, k}, rows.data(), directions.data(), y.data());
  return y.values();
}

}  // namespace hilum
