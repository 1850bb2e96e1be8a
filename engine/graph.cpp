// The listener behind record_graph().
#include "engine/graph.h"

#include <set>

#include "engine/scope.h"
#include "engine/tape.h"
#include "engine/tensor_state.h"
#include "kernels/dispatch.h"

namespace hilum {
namespace {

class Recorder {
 public:
  explicit Recorder(const Module& net) {
    for (const auto& all : {net.parameters(), net.buffers()}) {
      for (const NamedTensor& t : all) names_[t.tensor.state().get()] = t.name;
      for (const NamedTensor& t : all) parameters_[t.name] = t.tensor;
    }
  }

  // Tensors are known by their state; keeping them keeps it from being given to another.
  std::size_t add_value(const Tensor& tensor) {
    alive_.push_back(tensor);
    values_[tensor.state().get()] = graph_.values.size();
    graph_.values.push_back(tensor.shape());
    return graph_.values.size() - 1;
  }

  void add(const OperationRecord& record) {
    GraphNode node{record.name, module_path(), {}, 0, {}};
    for (const Tensor& input : record.inputs) node.inputs.push_back(input_of(input));
    if (node.op == "batch_norm") {
      const std::string& weight = node.inputs.at(1).name;
      const std::string layer = weight.substr(0, weight.size() - std::string("weight").size());
      for (const char* buffer : {"running_mean", "running_var"}) {
        node.inputs.push_back({0, parameters_.at(layer + buffer), layer + buffer});
      }
    }
    for (const OperationAttribute& a : record.attributes) node.attributes[a.name] = a.value;
    node.output = add_value(record.output);
    graph_.nodes.push_back(std::move(node));
  }

  Graph finish(const Tensor& output) {
    graph_.output = input_of(output).value;
    return std::move(graph_);
  }

 private:
  GraphInput input_of(const Tensor& tensor) const {
    const auto value = values_.find(tensor.state().get());
    if (value != values_.end()) return {value->second, {}, ""};
    const auto name = names_.find(tensor.state().get());
    return {0, tensor, name != names_.end() ? name->second : ""};
  }

  Graph graph_;
  std::map<const TensorState*, std::size_t> values_;
  std::map<const TensorState*, std::string> names_;
  std::map<std::string, Tensor> parameters_;
  std::vector<Tensor> alive_;
};

}  // namespace

std::size_t GraphNode::size_of(const std::string& attribute) const {
  const auto found = attributes.find(attribute);
  if (found == attributes.end()) {
    throw usage_error("{} of layer '{}': was recorded without its {}.", op, path, attribute);
  }
  return static_cast<std::size_t>(found->second);
}

Graph record_graph(const std::function<Tensor(Tensor)>& forward, const Module& net,
                   const Shape& image) {
  const NoGrad no_grad;
  const DryRun dry_run;
  const std::vector<NamedTensor> parameters = net.parameters();
  const Device device = parameters.empty() ? Device::cpu : parameters[0].tensor.device();
  Recorder recorder(net);
  const Tensor x = Tensor::zeros(image, device);
  recorder.add_value(x);
  const ListenToOperations listen([&](const OperationRecord& record) { recorder.add(record); });
  Graph graph = recorder.finish(forward(x));
  graph.device = device;
  return graph;
}

Graph record_graph(Module& net, const Shape& image) {
  const bool was_training = net.training();
  net.train(false);
  Graph graph = record_graph([&](Tensor x) { return net(std::move(x)); }, net, image);
  net.train(was_training);
  return graph;
}

std::pair<Graph, Graph> cut(const Graph& graph, std::size_t node) {
  Graph before = graph, after = graph;
  const auto middle = static_cast<std::ptrdiff_t>(node);
  before.nodes.erase(before.nodes.begin() + middle, before.nodes.end());
  after.nodes.erase(after.nodes.begin(), after.nodes.begin() + middle);
  std::set<std::size_t> crossing = {graph.output};
  for (const GraphNode& a : after.nodes) {
    for (const GraphInput& input : a.inputs) {
      if (input.is_value()) crossing.insert(input.value);
    }
  }
  for (const GraphNode& a : after.nodes) crossing.erase(a.output);
  if (after.nodes.empty() || crossing.size() != 1) return {graph, {}};
  before.output = *crossing.begin();
  after.values[0] = graph.values[before.output];
  for (GraphNode& a : after.nodes) {
    for (GraphInput& input : a.inputs) {
      if (input.is_value() && input.value == before.output) input.value = 0;
    }
  }
  return {std::move(before), std::move(after)};
}

}  // namespace hilum
