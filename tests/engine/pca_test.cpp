// Principal components of matrices that were put together from known ones, and of numpy's.
#include "engine/pca.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"
#include "kernels/philox.h"

namespace hilum::test {
namespace {

// How far the span of `k` orthonormal rows is from that of k given ones: 1 - the smallest singular
// value's square of their product, bounded by the rows' residuals.
double subspace_distance(const std::vector<float>& rows, const std::vector<double>& truth,
                         std::size_t k, std::size_t d) {
  double worst = 0;
  for (std::size_t i = 0; i < k; ++i) {
    std::vector<double> residual(truth.begin() + static_cast<std::ptrdiff_t>(i * d),
                                 truth.begin() + static_cast<std::ptrdiff_t>((i + 1) * d));
    for (std::size_t j = 0; j < k; ++j) {
      double along = 0;
      for (std::size_t x = 0; x < d; ++x) along += truth[i * d + x] * rows[j * d + x];
      for (std::size_t x = 0; x < d; ++x) residual[x] -= along * rows[j * d + x];
    }
    double square = 0;
    for (const double r : residual) square += r * r;
    worst = std::max(worst, std::sqrt(square));
  }
  return worst;
}

struct Known {
  std::size_t n, d, rank;
  std::vector<float> x;
  std::vector<double> directions, variance;
};

// Rows that are orthonormal to each other and, where asked, to a row of ones; Gram-Schmidt.
std::vector<double> orthonormal_rows(std::size_t count, std::size_t d, bool centred,
                                     std::uint64_t seed) {
  const Philox random{seed, purpose("known")};
  std::vector<std::vector<double>> rows;
  if (centred) rows.emplace_back(d, 1 / std::sqrt(static_cast<double>(d)));
  while (rows.size() < count + centred) {
    std::vector<double> row(d);
    for (std::size_t x = 0; x < d; ++x) row[x] = random.normal(rows.size() * d + x);
    for (int twice = 0; twice < 2; ++twice) {
      for (const auto& other : rows) {
        double along = 0;
        for (std::size_t x = 0; x < d; ++x) along += row[x] * other[x];
        for (std::size_t x = 0; x < d; ++x) row[x] -= along * other[x];
      }
    }
    double square = 0;
    for (const double v : row) square += v * v;
    for (double& v : row) v /= std::sqrt(square);
    rows.push_back(row);
  }
  std::vector<double> flat;
  for (std::size_t r = centred; r < rows.size(); ++r)
    flat.insert(flat.end(), rows[r].begin(), rows[r].end());
  return flat;
}

// X = mean + sum over j of s_j u_j v_j^T with u orthonormal and centred, v orthonormal.
Known make_known(std::size_t n, std::size_t d, std::size_t rank) {
  Known known{n, d, rank, std::vector<float>(n * d), orthonormal_rows(rank, d, false, 1), {}};
  const std::vector<double> u = orthonormal_rows(rank, n, true, 2);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t x = 0; x < d; ++x) {
      double value = 3 + std::sin(static_cast<double>(x));
      for (std::size_t j = 0; j < rank; ++j)
        value += 100 * std::pow(0.8, static_cast<double>(j)) * u[j * n + i] *
                 known.directions[j * d + x];
      known.x[i * d + x] = static_cast<float>(value);
    }
  }
  for (std::size_t j = 0; j < rank; ++j)
    known.variance.push_back(std::pow(100 * std::pow(0.8, static_cast<double>(j)), 2) /
                             static_cast<double>(n - 1));
  return known;
}

void expect_known(const Known& known, std::size_t k, PcaMethod method) {
  PcaOptions options;
  options.method = method;
  const Pca pca = fit_pca(known.x.data(), known.n, known.d, k, options);
  const std::string what = fmt::format("{} x {}, rank {}, method {}", known.n, known.d, known.rank,
                                       static_cast<int>(method));
  const std::size_t real = std::min(k, known.rank);
  for (std::size_t j = 0; j < real; ++j)
    EXPECT_NEAR(pca.variance[j], known.variance[j], 1e-4 * known.variance[j]) << what << ", " << j;
  for (std::size_t j = real; j < pca.k; ++j)
    EXPECT_LT(pca.variance[j], 1e-6 * known.variance[0]) << what;
  EXPECT_LT(subspace_distance(pca.components, known.directions, real, known.d), 1e-4) << what;
  double total = 0;
  for (const double v : known.variance) total += v;
  EXPECT_NEAR(pca.total_variance, total, 1e-4 * total);
  // Components are orthonormal, also those without variance; scores carry the variance.
  for (std::size_t a = 0; a < pca.k; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double dot = 0;
      for (std::size_t x = 0; x < known.d; ++x)
        dot +=
            static_cast<double>(pca.components[a * known.d + x]) * pca.components[b * known.d + x];
      EXPECT_NEAR(dot, a == b ? 1 : 0, 1e-5) << what;
    }
  }
  const std::vector<float> scores = pca.scores(known.x.data(), known.n);
  double square = 0;
  for (std::size_t i = 0; i < known.n; ++i) square += std::pow(scores[i * pca.k], 2);
  EXPECT_NEAR(square / static_cast<double>(known.n - 1), known.variance[0],
              1e-4 * known.variance[0]);
}

TEST(Pca, TallWideAndRankDeficient) {
  for (const PcaMethod method : {PcaMethod::covariance, PcaMethod::randomised}) {
    expect_known(make_known(200, 40, 20), 8, method);  // tall
    expect_known(make_known(40, 300, 20), 8, method);  // wide
    expect_known(make_known(60, 50, 5), 12, method);   // rank below k
    expect_known(make_known(30, 30, 29), 29, method);  // all there is
  }
}

TEST(Pca, SameBitsAgainAndBadInputRefused) {
  const Known known = make_known(80, 120, 30);
  PcaOptions options;
  options.method = PcaMethod::randomised;
  const Pca once = fit_pca(known.x.data(), 80, 120, 5, options);
  EXPECT_EQ(once.components, fit_pca(known.x.data(), 80, 120, 5, options).components);
  for (const auto [n, d, k] : {std::array<std::size_t, 3>{1, 4, 1}, {4, 0, 1}, {4, 4, 0}})
    EXPECT_THROW(fit_pca(known.x.data(), n, d, k), Error);
}

TEST(SymmetricEigen, KnownMatrix) {
  std::vector<double> a = {2, 1, 0, 1, 2, 1, 0, 1, 2}, values, vectors;
  symmetric_eigen(a, 3, values, vectors);
  EXPECT_NEAR(values[0], 2 + std::sqrt(2.0), 1e-14);
  EXPECT_NEAR(values[1], 2, 1e-14);
  EXPECT_NEAR(values[2], 2 - std::sqrt(2.0), 1e-14);
  EXPECT_NEAR(std::abs(vectors[1]), std::sqrt(0.5), 1e-14);
}

// tests/house/pca_test.sh writes what numpy's SVD says of fresh problems.
TEST(PcaOracle, EqualsNumpy) {
  const char* file = std::getenv("HILUM_PCA_ORACLE");
  if (file == nullptr) GTEST_SKIP() << "numpy's answers: run tests/house/pca_test.sh";
  for (const nlohmann::json& problem : parse_json(read_file(file))) {
    const std::vector<float> x = problem["x"];
    const std::size_t n = problem["n"], d = problem["d"], k = problem["k"];
    const std::vector<double> variance = problem["variance"], components = problem["components"];
    const std::size_t real = problem["rank"];
    for (const PcaMethod method : {PcaMethod::covariance, PcaMethod::randomised}) {
      PcaOptions options;
      options.method = method;
      options.iterations = 200;
      const Pca pca = fit_pca(x.data(), n, d, k, options);
      for (std::size_t j = 0; j < pca.k; ++j)
        EXPECT_NEAR(pca.variance[j], variance[j], 1e-4 * variance[j] + 1e-6 * variance[0])
            << problem["name"] << " " << j;
      EXPECT_LT(subspace_distance(pca.components, components, std::min(real, pca.k), d), 1e-4)
          << problem["name"];
    }
  }
}

}  // namespace
}  // namespace hilum::test
