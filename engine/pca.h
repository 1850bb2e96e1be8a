// Principal components: the few directions in which the images of a set differ most (Pearson 1901).
//
//   X   n x d, one image a row        mu = mean of the rows       A = X - mu
//   A = U S V^T                       components: rows of V^T, k x d, orthonormal, strongest first
//   variance[j] = S[j]^2 / (n - 1)    scores = (x - mu) V, n x k
//
// Two ways to the same numbers:
//   covariance   the smaller of A^T A (d x d) and A A^T (n x n), and all of its eigenvectors by
//                Jacobi rotations: for up to some hundred images or pixels
//   randomised   subspace iteration on a random start (Halko, Martinsson and Tropp 2011, algorithm
//                4.4) with k + oversampling vectors, until the components stand still: for any size
// Every product with A is one of the passes of `dense`, so the work runs on any device and through
// any of its rows. The sign of a component is free: its largest entry is made positive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/row.h"

namespace hilum {

enum class PcaMethod { automatic, covariance, randomised };

struct PcaOptions {
  PcaMethod method = PcaMethod::automatic;
  Device device = Device::cpu;
  std::uint64_t seed = 0;
  std::size_t oversampling = 16;  // vectors more than k to look among
  std::size_t iterations = 40;    // at most
  double tolerance = 1e-7;        // stop where no component turned by more than this (1 - |cosine|)
};

struct Pca {
  std::size_t n = 0, d = 0, k = 0;
  std::vector<float> mean;        // d
  std::vector<float> components;  // k x d
  std::vector<double> variance;   // k
  double total_variance = 0;      // of all directions: the share explained is variance / total
  std::size_t iterations = 0;     // that were needed; 0: covariance

  // (x - mean) V of `count` rows of d floats: count x k.
  std::vector<float> scores(const float* x, std::size_t count, Device device = Device::cpu) const;
};

// x: n x d. k is cut to min(n, d). Usage errors: n < 2, k = 0, no columns. Directions without
// variance (rank below k) come out with variance 0 and orthonormal all the same.
Pca fit_pca(const float* x, std::size_t n, std::size_t d, std::size_t k,
            const PcaOptions& options = {});

// Eigenvalues of a symmetric n x n matrix, largest first, and the eigenvectors as the rows of
// `vectors`; `a` is destroyed. Cyclic Jacobi rotations (Golub and Van Loan, 8.5).
void symmetric_eigen(std::vector<double>& a, std::size_t n, std::vector<double>& values,
                     std::vector<double>& vectors);

}  // namespace hilum
