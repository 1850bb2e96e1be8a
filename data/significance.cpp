// Exact binomial probabilities through logarithms of factorials.
#include "data/significance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/error.h"

namespace hilum {
namespace {

// P(X = k) for X binomial with n draws of one half.
double half_binomial(std::size_t k, std::size_t n) {
  const auto a = static_cast<double>(k), b = static_cast<double>(n);
  return std::exp(std::lgamma(b + 1) - std::lgamma(a + 1) - std::lgamma(b - a + 1) -
                  b * std::log(2.0));
}

}  // namespace

Mcnemar mcnemar(const std::vector<bool>& a_right, const std::vector<bool>& b_right) {
  if (a_right.size() != b_right.size()) {
    throw usage_error("McNemar of {} and {} images: expected the same images for both.",
                      a_right.size(), b_right.size());
  }
  Mcnemar test;
  for (std::size_t i = 0; i < a_right.size(); ++i) {
    test.only_a += a_right[i] && !b_right[i] ? 1 : 0;
    test.only_b += b_right[i] && !a_right[i] ? 1 : 0;
  }
  const std::size_t n = test.only_a + test.only_b, smaller = std::min(test.only_a, test.only_b);
  double tail = 0;
  for (std::size_t k = 0; k <= smaller; ++k) tail += half_binomial(k, n);
  test.p = std::min(1.0, 2 * tail);
  return test;
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted = p;
  double highest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double scaled = std::min(1.0, static_cast<double>(order.size() - i) * p[order[i]]);
    highest = std::max(highest, scaled);
    adjusted[order[i]] = highest;
  }
  return adjusted;
}

}  // namespace hilum
