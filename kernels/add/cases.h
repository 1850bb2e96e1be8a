// add: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/add/add.h"
#include "kernels/case.h"

namespace hilum {

inline std::vector<Case<AddProblem>> cases(const AddProblem*) {
  return {
      {"one", {1}},
      {"odd", {1003}},
      {"several threads", {40007}},
      {"resnet at 56", {16 * 56 * 56 * 256}, Use::bench},
  };
}

}  // namespace hilum
