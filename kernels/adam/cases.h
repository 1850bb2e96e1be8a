// adam: the problems that every row is tested on and timed on.
#pragma once

#include <utility>

#include "kernels/adam/adam.h"
#include "kernels/case.h"

namespace hilum {

// The sizes of a ResNet-50's parameters: convolutions with the gamma and beta that follow each.
inline std::vector<std::size_t> resnet50_parameters() {
  std::vector<std::size_t> counts;
  auto convolution = [&](std::size_t window, std::size_t in, std::size_t out) {
    counts.insert(counts.end(), {window * window * in * out, out, out});
  };
  convolution(7, 3, 64);
  std::size_t in = 64;
  for (const auto& [blocks, width] : {std::pair{3, 64}, {4, 128}, {6, 256}, {3, 512}}) {
    const auto middle = static_cast<std::size_t>(width), out = 4 * middle;
    for (int block = 0; block < blocks; ++block, in = out) {
      convolution(1, in, middle);
      convolution(3, middle, middle);
      convolution(1, middle, out);
      if (block == 0) convolution(1, in, out);
    }
  }
  counts.insert(counts.end(), {2048 * 1000, 1000});
  return counts;
}

inline std::vector<Case<AdamProblem>> cases(const AdamProblem*) {
  return {
      {"first step", {1003, 0.001, 1}},
      {"later step", {19, 0.01, 1000}},
      {"l2", {735, 0.01, 3, 0.9, 0.999, 1e-8, 0.05, false}},
      {"decoupled", {735, 0.01, 3, 0.9, 0.999, 1e-8, 0.05, true}},
      {"large epsilon", {101, 0.01, 2, 0.8, 0.95, 0.1}},
      {"several threads", {40007, 0.001, 10}},
      {"vgg 3x3", {512 * 3 * 3 * 512, 0.001, 10}, Use::bench},
  };
}

inline std::vector<Case<AdamAllProblem>> cases(const AdamAllProblem*) {
  const AdamProblem later = {0, 0.01, 7}, decoupled = {0, 0.01, 3, 0.9, 0.999, 1e-8, 0.05, true};
  return {
      {"one parameter", {{1003}, {0, 0.001, 1}}},
      {"of all sizes", {{27, 1, 0, 1024, 9000, 3, 1025, 7}, decoupled}},
      {"many", {std::vector<std::size_t>(600, 13), later}},
      {"several threads", {{5, 20011, 19, 19973}, later}},
      {"resnet50", {resnet50_parameters(), later}, Use::bench},
  };
}

}  // namespace hilum
