// concat: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/concat/concat.h"

namespace hilum {

inline std::vector<Case<ConcatProblem>> cases(const ConcatProblem*) {
  return {
      {"one and one", {1, {1, 1, 0, 0}}},
      {"two", {2 * 7 * 5, {19, 33, 0, 0}}},
      {"three", {15, {4, 1, 7, 0}}},
      {"four", {9, {3, 5, 2, 17}}},
      {"several threads", {53 * 55, {13, 4, 0, 0}}},
      {"densenet at 28", {16 * 28 * 28, {256, 32, 0, 0}}, Use::bench},
      {"squeezenet at 55", {16 * 55 * 55, {64, 64, 0, 0}}, Use::bench},
  };
}

}  // namespace hilum
