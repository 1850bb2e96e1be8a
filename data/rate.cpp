// Wilson's score interval.
#include "data/rate.h"

#include <cmath>
#include <limits>

namespace hilum {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927). The
// bounds at k = 0 and k = n are 0 and 1 exactly.
double wilson(std::size_t k, std::size_t n, double sign) {
  if (n == 0) return nan;
  if (k == 0 && sign < 0) return 0;
  if (k == n && sign > 0) return 1;
  const double count = static_cast<double>(n), p = static_cast<double>(k) / count;
  const double square = z95 * z95;
  const double centre = p + square / (2 * count);
  const double half = z95 * std::sqrt(p * (1 - p) / count + square / (4 * count * count));
  return (centre + sign * half) / (1 + square / count);
}

}  // namespace

double Rate::value() const {
  return n == 0 ? nan : static_cast<double>(k) / static_cast<double>(n);
}
double Rate::low() const { return wilson(k, n, -1); }
double Rate::high() const { return wilson(k, n, +1); }

}  // namespace hilum
