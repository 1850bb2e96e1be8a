// conv2d: the problems that every row is tested on and timed on.
#pragma once

#include <array>
#include <initializer_list>

#include "kernels/case.h"
#include "kernels/conv2d/inference.h"

namespace hilum {

inline std::vector<Case<Conv2dProblem>> cases(const Conv2dProblem*) {
  using P = Conv2dProblem;
  auto square = [](P a, std::size_t stride, std::size_t pad) {
    a.stride_h = a.stride_w = stride;
    a.pad_h = a.pad_w = pad;
    return a;
  };
  return {
      // Small and ragged: nothing divides anything.
      {"one pixel", {1, 1, 1, 1, 1, 1, 1}},
      {"1x1", {2, 5, 7, 19, 23, 1, 1}},
      {"3x3 same", square({2, 7, 9, 5, 17, 3, 3}, 1, 1)},
      {"3x3 valid", {1, 6, 5, 3, 33, 3, 3}},
      {"3x3 gray", square({3, 11, 13, 1, 32, 3, 3}, 1, 1)},
      {"3x3 stride 2", square({2, 14, 13, 16, 24, 3, 3}, 2, 1)},
      {"1x1 stride 2", square({2, 9, 8, 35, 18, 1, 1}, 2, 0)},
      {"1x1 many pixels", {2, 13, 15, 29, 37, 1, 1}},
      {"1x1 many channels", {1, 7, 5, 1024, 40, 1, 1}},
      {"1x1 stride 2, many of both", square({1, 9, 7, 400, 200, 1, 1}, 2, 0)},
      {"7x7 stride 2", square({1, 23, 29, 3, 20, 7, 7}, 2, 3)},
      {"asymmetric", {2, 9, 12, 6, 10, 2, 3, 1, 2, 0, 2, 1, 1, 1}},
      {"dilated", {1, 13, 12, 8, 9, 3, 3, 1, 1, 2, 2, 2, 2, 1}},
      {"groups", {2, 8, 7, 12, 20, 3, 3, 1, 1, 1, 1, 1, 1, 4}},
      {"depthwise", {2, 10, 9, 21, 21, 3, 3, 1, 1, 1, 1, 1, 1, 21}},
      {"depthwise x2", {1, 9, 9, 6, 12, 3, 3, 2, 2, 1, 1, 1, 1, 6}},
      {"depthwise 1x9", {2, 6, 21, 37, 37, 1, 9, 1, 2, 0, 4, 1, 1, 37}},
      {"depthwise stride 2", {2, 11, 10, 18, 18, 3, 3, 2, 2, 1, 1, 1, 1, 18}},
      {"strides and dilation", {1, 17, 20, 5, 7, 3, 4, 2, 3, 3, 2, 2, 3, 1}},
      {"padding beyond the filter", {1, 5, 6, 3, 4, 2, 2, 1, 1, 3, 2, 1, 1, 1}},
      {"padding wider than image", square({1, 2, 2, 4, 5, 3, 3}, 1, 2)},
      {"one column", square({2, 40, 1, 16, 16, 3, 3}, 1, 1)},
      {"wide", square({1, 3, 130, 16, 48, 3, 3}, 1, 1)},
      {"64 channels at 14", square({1, 14, 14, 64, 64, 3, 3}, 1, 1)},
      {"7 pixels", square({2, 7, 7, 96, 80, 3, 3}, 1, 1)},
      {"50 channels", square({1, 9, 6, 50, 53, 3, 3}, 1, 1)},
      {"55 pixels", square({1, 55, 55, 16, 32, 3, 3}, 1, 1)},
      // Layers of the networks, timed only.
      {"cnn 1", square({32, 128, 128, 3, 32, 3, 3}, 1, 1), Use::bench},
      {"cnn 2", square({32, 64, 64, 32, 64, 3, 3}, 1, 1), Use::bench},
      {"cnn 3", square({32, 32, 32, 64, 128, 3, 3}, 1, 1), Use::bench},
      {"resnet 3x3 at 56", square({16, 56, 56, 64, 64, 3, 3}, 1, 1), Use::bench},
      {"resnet 3x3 at 28", square({16, 28, 28, 128, 128, 3, 3}, 1, 1), Use::bench},
      {"resnet 3x3 at 14", square({16, 14, 14, 256, 256, 3, 3}, 1, 1), Use::bench},
      {"resnet 3x3 at 7", square({16, 7, 7, 512, 512, 3, 3}, 1, 1), Use::bench},
      {"resnet 1x1 at 56", {16, 56, 56, 256, 64, 1, 1}, Use::bench},
      {"resnet 1x1 at 14", {16, 14, 14, 1024, 256, 1, 1}, Use::bench},
      {"resnet 7x7 stem", square({16, 224, 224, 3, 64, 7, 7}, 2, 3), Use::bench},
      {"resnet 3x3 stride 2", square({16, 56, 56, 128, 128, 3, 3}, 2, 1), Use::bench},
      {"depthwise at 56", {16, 56, 56, 128, 128, 3, 3, 1, 1, 1, 1, 1, 1, 128}, Use::bench},
  };
}

// Every convolution above, with each kind of ending in turn; and layers of one image.
inline std::vector<Case<Conv2dInferenceProblem>> cases(const Conv2dInferenceProblem*) {
  constexpr Activation activations[] = {Activation::relu, Activation::none, Activation::relu6};
  std::vector<Case<Conv2dInferenceProblem>> all;
  auto add = [&](const std::string& name, const Conv2dProblem& a, bool residual, bool wide,
                 Activation activation, Use use) {
    all.push_back({name, {a, wide ? a.k + 13 : a.k, residual, activation}, use});
  };
  for (const auto& [name, problem, use] : cases(static_cast<const Conv2dProblem*>(nullptr))) {
    const std::size_t i = all.size();
    add(name, problem, i % 3 == 0, i % 4 == 1, activations[i % 3], use);
  }
  const Conv2dProblem square = {1, 14, 14, 64, 64, 3, 3, 1, 1, 1, 1};
  add("both endings", square, true, true, Activation::relu, Use::test);
  add("a product", {2, 5, 7, 19, 70, 1, 1}, true, true, Activation::relu6, Use::test);
  for (const auto& [side, c, k, r] :
       std::initializer_list<std::array<std::size_t, 4>>{{56, 64, 64, 3},
                                                         {28, 128, 128, 3},
                                                         {14, 256, 256, 3},
                                                         {7, 512, 512, 3},
                                                         {56, 64, 256, 1},
                                                         {28, 512, 128, 1},
                                                         {14, 256, 1024, 1},
                                                         {7, 2048, 512, 1}}) {
    const Conv2dProblem layer = {1, side, side, c, k, r, r, 1, 1, r / 2, r / 2};
    add("one image " + layer.describe(), layer, r == 1, false, Activation::relu, Use::bench);
  }
  return all;
}

}  // namespace hilum
