// Every pass of every operation, in one list: what tests, benches and `hilum kernels` walk.
// A new operation adds its includes and its passes here; a new row needs no change here at all.
#pragma once

#include "kernels/conv2d/cases.h"
#include "kernels/conv2d/ref.h"
#include "kernels/dense/cases.h"
#include "kernels/dense/ref.h"
#include "kernels/dispatch.h"
#include "kernels/relu/cases.h"
#include "kernels/relu/ref.h"

namespace hilum {

template <class... Passes>
struct PassList {};

// Passes of one operation, forward first.
using AllOperations = PassList<PassList<Conv2dForward, Conv2dBackwardData, Conv2dBackwardWeight>,
                               PassList<DenseForward, DenseBackwardData, DenseBackwardWeight>,
                               PassList<ReluForward, ReluBackward>>;

// The cases of a pass.
template <class Pass>
auto cases_of() {
  return cases(static_cast<const typename Pass::Problem*>(nullptr));
}

// Calls visit.template operator()<Pass>() for every pass.
template <class Visit>
void for_each_pass(Visit&& visit) {
  auto operation = [&]<class... Passes>(PassList<Passes...>) {
    (visit.template operator()<Passes>(), ...);
  };
  [&]<class... Operations>(PassList<Operations...>) {
    (operation(Operations{}), ...);
  }(AllOperations{});
}

// Calls visit(PassList<Forward, Backward...>) for every operation.
template <class Visit>
void for_each_operation(Visit&& visit) {
  [&]<class... Operations>(PassList<Operations...>) {
    (visit(Operations{}), ...);
  }(AllOperations{});
}

}  // namespace hilum
