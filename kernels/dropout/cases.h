// dropout: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/dropout/dropout.h"

namespace hilum {

inline std::vector<Case<DropoutProblem>> cases(const DropoutProblem*) {
  return {
      {"one", {1, 0.5f, 1}},
      {"none", {103, 0, 2}},
      {"odd", {1003, 0.2f, 3}},
      {"odd offset", {4099, 0.5f, 4, 4097}},
      {"offset over 32 bits", {5003, 0.2f, 5, (std::uint64_t{1} << 34) - 2002}},
      {"several threads", {40007, 0.7f, 0x123456789abcdef, 2}},
      {"cnn pool 1", {32 * 64 * 64 * 32, 0.2f, 7}, Use::bench},
  };
}

}  // namespace hilum
