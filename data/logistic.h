// Multinomial logistic regression: the linear classifier that probes use.
//
//   p(c | x) = softmax(W x + b)[c]
//   minimised:  - sum over the images of log p(label | x)  +  |W|^2 / (2 strength)
// which is what scikit-learn's LogisticRegression(C=strength) minimises. By L-BFGS (Nocedal 1980)
// with ten pairs and a backtracking line search, in double.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hilum {

struct Logistic {
  std::size_t classes = 0, d = 0;
  std::vector<double> weight;  // classes x (d + 1), the last of a row is its b

  // x: n x d; gives n x classes, rows sum to 1.
  std::vector<float> probability(const std::vector<float>& x) const;
};

// Columns should be of like size (standardised). Labels lie in [0, classes).
Logistic fit_logistic(const std::vector<float>& x, std::size_t d,
                      const std::vector<std::int32_t>& labels, std::size_t classes,
                      double strength = 1);

}  // namespace hilum
