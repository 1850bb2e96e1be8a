// penalty: the L1 and L2 regulariser of a layer's weights, as Keras' regularisers mean it,
//
//   loss = l1 sum |w| + l2 sum w^2            dw = dloss (l1 sign(w) + 2 l2 w),   sign(0) = 0
//
// l2 is not halved, and the loss is not divided by the batch: it is added to the mean loss.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct PenaltyProblem {
  std::size_t count;
  float l1, l2;
  std::string describe() const;
};

struct PenaltyForward {
  using Problem = PenaltyProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* w, float* loss);
  static constexpr const char* op = "penalty";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);  // loss: one element
  static Cost cost(const Problem&);
  static const Table<PenaltyForward>& table();
  template <class T>
  static void reference(const Problem&, const T* w, T* loss);
};

struct PenaltyBackward {
  using Problem = PenaltyProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* w, const float* dloss,
                            float* dw);
  static constexpr const char* op = "penalty";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<PenaltyBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* w, const T* dloss, T* dw);
};

}  // namespace hilum
