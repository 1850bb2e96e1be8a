// What an implementation of an operation looks like from outside: the row of a table.
//
// An operation (folder) has one or more passes: forward, backward_data, backward_weight, … A pass
// is a struct that states everything generic code needs, so that dispatch, tests, benches, `hilum
// kernels` and the matrix in the README are each written once for all operations:
//
//   struct ReluForward {
//     using Problem = ReluProblem;                    // sizes and constants; has describe()
//     using Function = void (*)(const Launch&, const Problem&, const float* x, float* y);
//     static constexpr const char* op = "relu";
//     static constexpr const char* pass = "forward";
//     static std::vector<Operand> operands(const Problem&);   // in the order of Function
//     static Cost cost(const Problem&);
//     static const Table<ReluForward>& table();       // rows, best first, `ref` last
//     template <class T> static void reference(const Problem&, const T* x, T* y);
//   };
//
// const pointers are inputs, others are outputs. Kernels overwrite their outputs and never add,
// allocate nothing, print nothing. An output may alias the input of the same name (in place) only
// where the pass says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hilum {

enum class Device { cpu, cuda, emu };
const char* device_name(Device device);

// What a kernel gets beside its operands.
struct Launch {
  void* workspace = nullptr;  // as many bytes as its row asked for, aligned to 64
  void* stream = nullptr;     // CUDA stream, null on the CPU
};

// How the harness fills an input. `range` is the number of classes for labels and pixel values.
enum class Fill {
  normal,       // standard normal
  positive,     // uniform in [0.5, 1.5]: variances, weights
  rectified,    // standard normal, negative ones replaced by 0: what a ReLU hands on
  clipped,      // normal of deviation 4, cut off at 0 and 6: what a ReLU6 hands on
  distinct,     // normal, no two values closer than 0.02 and none nearer to 0 than that: for kinks
                // (ReLU, maximum), so that finite differences stay on one side
  probability,  // uniform in (0, 1); rows of `range` values that sum to 1
  label,        // whole numbers in [0, range)
  step,         // all one; scalars such as a loss's cotangent are filled with `normal`
  affine,       // N x 6 matrices near the identity
};

// One pointer of a pass. Names tie passes together: "dx" of a backward pass is the gradient with
// respect to the forward pass's input "x", its input "dy" the cotangent of the forward output "y",
// and every other input is the forward's input or output of that name.
struct Operand {
  const char* name;
  std::size_t count;  // elements; 0 where an optional operand is absent (the pointer is then null)
  Fill fill = Fill::normal;
  std::size_t range = 0;
  std::vector<std::size_t> pieces = {};  // of a list of pointers: the elements behind each
};

// Work of one call, as the roofline counts it: a multiply-add is 2 flop; bytes are each operand
// moved once.
struct Cost {
  double flop = 0;
  double bytes = 0;
};

template <class Pass>
struct Row {
  using Problem = typename Pass::Problem;

  const char* name;  // "cpu3_direct", "onednn", "ref"
  Device device;
  // Why this row cannot run this problem, or null when it can; null pointer: it runs every problem.
  const char* (*why_not)(const Problem&);
  // Null where this row is not in this build.
  typename Pass::Function run;
  // Bytes of workspace; null pointer: none.
  std::size_t (*workspace)(const Problem&) = nullptr;
  // Largest error the row may have, in units of eps x sum of |terms| of each output.
  double tolerance = 4;
  // Same bits for any number of threads and on every run.
  bool deterministic = true;
  // For passes that run again and again on the same operand "w": the form in which this row wants
  // it, so many floats, made once from the plain one for the instruction set in use. Null: plain.
  std::size_t (*prepared_count)(const Problem&) = nullptr;
  void (*prepare)(const Problem&, const float* w, float* prepared) = nullptr;
};

template <class Pass>
using Table = std::vector<Row<Pass>>;

}  // namespace hilum
