// A rate as what it is: a count k of n, with its Wilson interval. Nothing that a report calls a
// rate is anything else, so every figure can be checked by arithmetic.
#pragma once

#include <cstddef>

namespace hilum {

inline constexpr double z95 = 1.959963984540054;  // the normal quantile of 0.975

// k of n, with the 95 % score interval of Wilson (1927). n = 0: value and bounds are NaN.
struct Rate {
  std::size_t k = 0, n = 0;
  double value() const;
  double low() const;
  double high() const;
};

// Any estimate with the bounds of its 95 % interval; NaN where it does not exist.
struct Interval {
  double value, low, high;
};

}  // namespace hilum
