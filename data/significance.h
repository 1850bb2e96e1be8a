// Could the difference between two networks be chance? McNemar's exact test for right and wrong,
// Holm's correction where several questions are asked. (DeLong's test for areas is in roc.h.)
#pragma once

#include <cstddef>
#include <vector>

namespace hilum {

// Only the images where exactly one of the two is right tell anything.
struct Mcnemar {
  std::size_t only_a = 0, only_b = 0;
  double p = 1;  // two-sided, exact (binomial with one half); 1 where they never differ
};
Mcnemar mcnemar(const std::vector<bool>& a_right, const std::vector<bool>& b_right);

// S. Holm, A simple sequentially rejective multiple test procedure (1979): p values adjusted for
// their number, in the order given. NaN stays NaN and is not counted.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace hilum
