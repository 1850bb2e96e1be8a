// dropout: while training, each element is set to zero with probability p and the others are scaled
// so that the expectation stays,
//
//   y[i] = keep(i) ? x[i] / (1 - p) : 0            dx[i] = keep(i) ? dy[i] / (1 - p) : 0
//
// (Srivastava et al., "Dropout", JMLR 2014, in the form that scales while training, so that nothing
// is done while predicting.) No mask is stored: keep(i) is a function of the seed and of offset +
// i, and the backward pass draws it again:
//
//   keep(i) = top 24 bits of word (offset + i) of Philox{seed}  >=  threshold,
//   threshold = p 2^24, rounded up                                      (see word() in philox.h)
//
// The scale is the float 1 / (1 - p). A caller gives every layer and step its own seed or a range
// of offsets of its own. In place: y may be x, dx may be dy.
#pragma once

#include <cmath>

#include "kernels/row.h"

namespace hilum {

struct DropoutProblem {
  std::size_t count;
  float p;  // in [0, 1)
  std::uint64_t seed = 0, offset = 0;

  float scale() const { return 1 / (1 - p); }
  std::uint32_t threshold() const {
    return static_cast<std::uint32_t>(std::ceil(double{p} * 0x1p24));
  }
  std::string describe() const;
};

// Throws a usage error where p is not in [0, 1).
void check(const DropoutProblem& problem);

struct DropoutForward {
  using Problem = DropoutProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
  static constexpr const char* op = "dropout";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<DropoutForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, T* y);
};

struct DropoutBackward {
  using Problem = DropoutProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* dy, float* dx);
  static constexpr const char* op = "dropout";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<DropoutBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* dy, T* dx);
};

}  // namespace hilum
