// The tape, define-by-run: every operation that has an input which requires a gradient leaves a
// node that knows how to turn the gradient of its output into gradients of its inputs.
//
// An operation is written in one function: compute the output through kernels/, then
//   return record("relu", {x}, y, [y_saved = y.detach(), …](Tensor dy) { … return {dx}; });
// What the closure saves is detached: a saved handle would otherwise keep its whole tape alive, and
// one of the operation's own output would never be freed.
//
// Work in place: an operation that takes a Tensor by value may overwrite it where sole_owner() says
// that nobody else can see it. Callers hand over with std::move; a plain call copies the handle and
// is safe.
#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "engine/tensor.h"

namespace hilum {

// Gradients of the inputs, in their order; an undefined Tensor where an input needs none. dy is
// handed over, so it may be reused where sole_owner() allows; the same buffer may be returned for
// several inputs.
using BackwardFunction = std::function<std::vector<Tensor>(Tensor dy)>;

// A number that an operation was called with beside its tensors: a stride, an epsilon.
struct OperationAttribute {
  template <class T>
  OperationAttribute(const char* its_name, T its_value)
      : name(its_name), value(static_cast<double>(its_value)) {}
  const char* name;
  double value;
};

// Ties `output` to its inputs. Does nothing (and drops the closure, with what it saved) where no
// input requires a gradient or a NoGrad lives. Returns `output`. Attributes are for listeners only.
Tensor record(const char* name, const std::vector<Tensor>& inputs, Tensor output,
              BackwardFunction backward, std::initializer_list<OperationAttribute> attributes = {});

// Told of every recorded operation, with or without NoGrad, in the order of execution: the network
// as a graph (export). One listener at a time; an inner one takes over while it lives.
struct OperationRecord {
  const char* name;
  const std::vector<Tensor>& inputs;
  const Tensor& output;
  std::initializer_list<OperationAttribute> attributes;
};
using OperationListener = std::function<void(const OperationRecord&)>;
bool listening_to_operations();
class ListenToOperations {
 public:
  explicit ListenToOperations(OperationListener listener);
  ~ListenToOperations();
  ListenToOperations(const ListenToOperations&) = delete;
  ListenToOperations& operator=(const ListenToOperations&) = delete;

 private:
  OperationListener before_;
};

// As root.backward(cotangent), telling `ready` of every leaf as soon as its gradient is complete
// and nothing needs its value any more: it may use the gradient up and clear it, so that the
// gradients of a network are never all there at once.
//
// Nor need a large one be there whole. An operation that is the only user of a leaf may hand over
// the gradient some rows (of the leaf's first axis) at a time, in their order, and return an
// undefined one. `in_rows` is asked for a leaf who takes them; where that is nobody, or a leaf is
// used more than once or has a gradient already, it is returned whole, and `ready` is told. What
// takes rows may overwrite the same rows of the leaf.
using LeafReady = std::function<void(Tensor leaf)>;
using TakeRows = std::function<void(std::size_t first_row, const Tensor& rows)>;
using LeafInRows = std::function<TakeRows(const Tensor& leaf)>;
void backward(const Tensor& root, const Tensor& cotangent, const LeafReady& ready,
              const LeafInRows& in_rows = nullptr);

// For an operation's closure, once nothing else in it needs the leaf's values: who takes the
// gradient of `leaf` in rows in the backward pass that is running; empty where it is to be returned
// whole.
TakeRows rows_taker(const Tensor& leaf);

// The tape is written while one of these lives, inside of a NoGrad too.
class WithGrad {
 public:
  WithGrad();
  ~WithGrad();
  WithGrad(const WithGrad&) = delete;
  WithGrad& operator=(const WithGrad&) = delete;

 private:
  bool before_;
};

// Whether record() would keep a node for these inputs; saves work that only backward needs.
bool needs_tape(const std::vector<Tensor>& inputs);

// Whether `x` is the only handle on its tensor and the only user of its storage, and is no leaf
// that wants a gradient: then nobody can tell if it is overwritten.
bool sole_owner(const Tensor& x);

}  // namespace hilum
