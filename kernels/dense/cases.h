// dense: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/case.h"
#include "kernels/dense/dense.h"

namespace hilum {

inline std::vector<Case<DenseProblem>> cases(const DenseProblem*) {
  return {
      // Small and ragged: nothing divides anything.
      {"one weight", {1, 1, 1}},
      {"one image", {1, 130, 33}},
      {"one output", {7, 55, 1}},
      {"one input", {14, 1, 17}},
      {"odd", {3, 17, 33}},
      {"7 x 7 map", {7, 343, 14}},
      {"55 outputs", {15, 100, 55}},
      {"batch 33", {33, 64, 35}},
      {"more than one block of a sum", {5, 1100, 9}},
      {"many inputs", {10, 4099, 3}},
      // Layers of the networks, timed only.
      {"cnn dense 1", {32, 32768, 128}, Use::bench},
      {"cnn dense 1, batch 10", {10, 32768, 128}, Use::bench},
      {"cnn dense 2", {32, 128, 3}, Use::bench},
      {"resnet50 head", {16, 2048, 1000}, Use::bench},
      {"vgg19 dense 1", {16, 25088, 4096}, Use::bench},
      {"vgg19 dense 2", {16, 4096, 4096}, Use::bench},
      {"square 1024", {1024, 1024, 1024}, Use::bench},
  };
}

}  // namespace hilum
