// Fits one small picture to another: how alike two pictures are once one has been moved, stretched
// and brightened until it lies on the other. Contours of two chests are alike; the vessels in them
// are not, so what is compared after the fit is detail.
//
//   a(x, y)  ~  gain b(x + p0 u + p1, y + p2 v + p3) + offset        u, v: x, y from -1 to 1
//
// by Gauss-Newton, after Lucas and Kanade 1981, in the inverse compositional form of Baker and
// Matthews 2004: the step is taken on `a`, whose slopes and normal equations are then computed once
// for all pictures that are fitted to it. First at half the size, where most that are not alike
// are told; then whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "data/survey.h"

namespace hilum {

class FittedTo {
 public:
  FittedTo();
  ~FittedTo();

  // A picture of survey_side x survey_side, to which others are then fitted.
  void set(const std::uint8_t* picture);

  // Correlation of detail (a pixel less the mean around it) after the fit, up to 1. Below 0.8 it
  // may be that of an earlier step.
  double likeness(const std::uint8_t* other) const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace hilum
