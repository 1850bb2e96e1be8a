// concat: joins up to four activations along their channels, as DenseNet and Inception blocks do.
//
//   y[row, offset(i) + c] = part i [row, c],   offset(i) = channels of the parts before i
//
// The gradient of part i is the slice of dy that it became. Rows are pixels of an NHWC activation
// (N H W of them). A part with no channels is absent: its pointer is null. Joining more than four
// is joining joins.
#pragma once

#include <array>

#include "kernels/row.h"

namespace hilum {

struct ConcatProblem {
  std::size_t rows;
  std::array<std::size_t, 4> channels;
  std::size_t total() const { return channels[0] + channels[1] + channels[2] + channels[3]; }
  std::string describe() const;
};

struct ConcatForward {
  using Problem = ConcatProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* a, const float* b,
                            const float* c, const float* d, float* y);
  static constexpr const char* op = "concat";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<ConcatForward>& table();
  template <class T>
  static void reference(const Problem&, const T* a, const T* b, const T* c, const T* d, T* y);
};

struct ConcatBackward {
  using Problem = ConcatProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* dy, float* da, float* db,
                            float* dc, float* dd);
  static constexpr const char* op = "concat";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<ConcatBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* dy, T* da, T* db, T* dc, T* dd);
};

}  // namespace hilum
