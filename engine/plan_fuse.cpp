// Node by node: each is added to the operation that made its input where that can take it.
#include "engine/plan_fuse.h"

#include <cmath>

namespace hilum {
namespace {

class Fuser {
 public:
  explicit Fuser(const Graph& graph)
      : graph_(graph), uses_(graph.values.size(), 0), maker_(graph.values.size(), none) {
    for (const GraphNode& node : graph.nodes) {
      for (const GraphInput& input : node.inputs) uses_[input.value] += input.is_value();
    }
    ++uses_[graph.output];
  }

  std::vector<PlannedOperation> run() {
    for (const GraphNode& node : graph_.nodes) {
      if (node.op == "bias") {
        add_affine(node, {}, node.inputs[1].parameter.values());
      } else if (node.op == "batch_norm") {
        add_batch_norm(node);
      } else if (node.op == "relu" || node.op == "relu6") {
        add_activation(node);
      } else if (node.op == "add") {
        add_sum(node);
      } else {
        PlannedOperation& a = append(node);
        if (node.op != "conv2d" && node.op != "dense") continue;
        a.shift.assign(node.inputs[1].parameter.size(0), 0.0f);
      }
    }
    return std::move(operations_);
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  PlannedOperation& append(const GraphNode& node) {
    PlannedOperation a;
    a.node = node;
    for (const GraphInput& input : node.inputs) {
      if (input.is_value()) a.inputs.push_back(input.value);
    }
    a.output = node.output;
    maker_[node.output] = operations_.size();
    operations_.push_back(std::move(a));
    return operations_.back();
  }

  // The operation that made `value`, if nothing but the next operation reads it and nothing follows
  // its sum yet; null otherwise.
  PlannedOperation* open_maker(std::size_t value) {
    if (maker_[value] == none || uses_[value] != 1) return nullptr;
    PlannedOperation& a = operations_[maker_[value]];
    return a.activation == Activation::none ? &a : nullptr;
  }

  // From now on the operation gives what `node` gives.
  void take_over(PlannedOperation& a, const GraphNode& node) {
    maker_[node.output] = maker_[a.output];
    a.output = node.output;
  }

  // scale x + shift, a channel; an empty scale is one of ones.
  void add_affine(const GraphNode& node, const std::vector<double>& scale,
                  const std::vector<float>& shift) {
    PlannedOperation* before = open_maker(node.inputs[0].value);
    const bool sums = before != nullptr && (before->is("conv2d") || before->is("dense"));
    if (!sums || before->inputs.size() != 1) {
      PlannedOperation& a = append(node);
      a.node.op = "channel_affine";
      a.scale.assign(scale.begin(), scale.end());
      if (scale.empty()) a.scale.assign(shift.size(), 1.0f);
      a.shift = shift;
      return;
    }
    const Tensor& plain = before->node.inputs[1].parameter;
    if (before->weight.empty() && !scale.empty()) before->weight = plain.values();
    const std::size_t channels = shift.size(), taps = plain.count() / channels;
    for (std::size_t k = 0; k < channels; ++k) {
      const double factor = scale.empty() ? 1 : scale[k];
      before->shift[k] = static_cast<float>(factor * before->shift[k] + shift[k]);
      if (scale.empty()) continue;
      float* filter = before->weight.data() + k * taps;
      for (std::size_t i = 0; i < taps; ++i) filter[i] = static_cast<float>(factor * filter[i]);
    }
    take_over(*before, node);
  }

  void add_batch_norm(const GraphNode& node) {
    auto values = [&](std::size_t input) { return node.inputs.at(input).parameter.values(); };
    const std::vector<float> gamma = values(1), beta = values(2), mean = values(3),
                             variance = values(4);
    const double epsilon = node.attributes.at("epsilon");
    std::vector<double> scale(gamma.size());
    std::vector<float> shift(gamma.size());
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      scale[c] = gamma[c] / std::sqrt(static_cast<double>(variance[c]) + epsilon);
      shift[c] = static_cast<float>(beta[c] - scale[c] * mean[c]);
    }
    add_affine(node, scale, shift);
  }

  void add_activation(const GraphNode& node) {
    const auto activation = node.op == "relu" ? Activation::relu : Activation::relu6;
    PlannedOperation* before = open_maker(node.inputs[0].value);
    if (before != nullptr &&
        (before->is("conv2d") || before->is("dense") || before->is("channel_affine"))) {
      before->activation = activation;
      return take_over(*before, node);
    }
    PlannedOperation& a = append(node);
    a.node.op = "channel_affine";
    a.activation = activation;
  }

  // A sum ends the later of two convolutions, if one of them is one: the other term is there then.
  void add_sum(const GraphNode& node) {
    const std::size_t values[2] = {node.inputs[0].value, node.inputs[1].value};
    auto made_at = [&](std::size_t value) {
      return maker_[value] == none ? 0 : maker_[value] + 1;  // the network's input: before all
    };
    const std::size_t later = made_at(values[0]) > made_at(values[1]) ? 0 : 1;
    PlannedOperation* before = open_maker(values[later]);
    if (before == nullptr || !before->is("conv2d") || before->inputs.size() != 1 ||
        values[0] == values[1]) {
      append(node);
      return;
    }
    before->inputs.push_back(values[1 - later]);
    take_over(*before, node);
  }

  const Graph& graph_;
  std::vector<std::size_t> uses_;   // of each value
  std::vector<std::size_t> maker_;  // its operation; none: what goes in
  std::vector<PlannedOperation> operations_;
};

}  // namespace

std::vector<PlannedOperation> fuse(const Graph& graph) { return Fuser(graph).run(); }

}  // namespace hilum
