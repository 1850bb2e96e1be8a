// What stands behind a Tensor handle: storage, and the node of the tape that produced it. Seen by
// tensor.cpp and tape.cpp, and by operations that ask whether a buffer is theirs alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/allocator.h"
#include "engine/tape.h"
#include "engine/tensor.h"

namespace hilum {

class Recipe;

// The least and the largest of a tensor of labels.
struct LabelRange {
  std::int32_t least = 0, largest = 0;
};

struct Storage {
  Storage(std::size_t bytes, Device device);
  ~Storage() { deallocate(data, bytes, device); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data;
  std::size_t bytes;
  Device device;
  LabelRange labels;  // on a GPU, from when they came from the host
};

struct TensorState {
  ~TensorState();

  std::shared_ptr<Storage> storage;
  Shape shape;
  DType dtype = DType::f32;
  bool requires_grad = false;  // a leaf that wants a gradient
  bool retain_grad = false;    // an intermediate result that wants to keep its gradient
  Tensor grad;
  std::shared_ptr<Node> node;      // null: a leaf, or off the tape
  std::shared_ptr<Recipe> recipe;  // how to make the values again (saved.h); null: keep them
};

// Of labels wherever they lie; nothing is copied from a device for it.
LabelRange label_range(const Tensor& labels);

// Where the gradient of one input goes: to the node that made it, to a leaf, or nowhere.
struct Edge {
  std::shared_ptr<Node> node;
  std::shared_ptr<TensorState> leaf;
  Shape shape;
};

// One recorded operation. It holds its producers and not its inputs, so an activation that no
// backward pass needs is freed as soon as the forward pass has let go of it.
struct Node {
  ~Node();

  const char* name = "";
  std::uint64_t sequence = 0;  // a node is recorded after those that made its inputs
  std::vector<Edge> edges;     // empty once spent
  BackwardFunction backward;   // empty once spent
  Shape shape;                 // of the output
  std::weak_ptr<TensorState> output;
  std::string path;  // module that recorded it
  // For the backward pass that visits it: which one, and the place of its gradient.
  std::uint64_t visit = 0;
  std::size_t slot = 0;
};

}  // namespace hilum
