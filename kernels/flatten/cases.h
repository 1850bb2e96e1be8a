// flatten: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/flatten/flatten.h"

namespace hilum {

inline std::vector<Case<FlattenProblem>> cases(const FlattenProblem*) {
  return {
      {"one", {1, 1, 1, 1}},
      {"odd", {3, 5, 3, 7}},
      {"7x7 of 35", {2, 7, 7, 35}},
      {"one pixel", {2, 1, 1, 19}},
      {"several threads", {3, 14, 13, 65}},
      {"vgg", {16, 7, 7, 512}, Use::bench},
      {"cnn", {32, 16, 16, 128}, Use::bench},
  };
}

}  // namespace hilum
