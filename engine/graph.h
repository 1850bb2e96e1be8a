// A network as a list of operations, which other forms of it are made from: a file for another
// runtime (onnx.h), a plan of kernel calls (plan.h). The list is what the network's operations told
// while one image went through in evaluation mode, so every network gives it with nothing to write
// for it. No kernel runs on the way.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/module.h"

namespace hilum {

// What an operation reads: the value that an earlier one made, or a parameter.
struct GraphInput {
  std::size_t value = 0;  // index of Graph::values, where `parameter` is undefined
  Tensor parameter;
  std::string name;  // of the parameter; empty for a tensor that is none of the network's
  bool is_value() const { return !parameter.defined(); }
};

struct GraphNode {
  std::string op, path;  // "conv2d", and the module that called it
  // In the order of ops.h; a batch_norm's running_mean and running_var stand behind gamma and beta.
  std::vector<GraphInput> inputs;
  std::size_t output;  // index of Graph::values
  std::map<std::string, double> attributes;

  // As a size; usage error where the operation has no such attribute.
  std::size_t size_of(const std::string& attribute) const;
};

struct Graph {
  std::vector<Shape> values;     // values[0] is what goes in
  std::vector<GraphNode> nodes;  // in the order of execution
  std::size_t output = 0;
  Device device = Device::cpu;  // where the parameters lie
};

// `forward` is run once, on zeros of shape `image`, as if to evaluate; `net` is whose modules it
// runs. The modes of the modules are left as they are, so those that train must be told otherwise
// before.
Graph record_graph(const std::function<Tensor(Tensor)>& forward, const Module& net,
                   const Shape& image);

// The nodes before number `node` and those from there on, as two graphs that follow each other; the
// second is empty where more than one value crosses.
std::pair<Graph, Graph> cut(const Graph& graph, std::size_t node);

// Of the whole network, in evaluation mode; its mode is put back.
Graph record_graph(Module& net, const Shape& image);

}  // namespace hilum
