// Recording, and the walk back over what was recorded.
#include "engine/tape.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <utility>

#include "engine/scope.h"
#include "engine/tensor_state.h"
#include "kernels/add/add.h"
#include "kernels/dispatch.h"

namespace hilum {
namespace {

thread_local bool recording = true;
thread_local OperationListener operation_listener;
// The backward pass that is running, for another that runs inside of one of its nodes, and for that
// node's closure: who is told of finished leaves, and who takes gradients in rows. Both pass on
// only what no other node of the pass uses.
struct Listeners {
  LeafReady ready;
  LeafInRows in_rows;
};
thread_local Listeners running;

std::atomic<std::uint64_t> sequence_counter{0};
std::atomic<std::uint64_t> visit_counter{0};

// Lets go of a node without recursion: a chain of a million nodes, each the last owner of the one
// before, would otherwise free itself through a million nested destructors and run off the stack.
// The first release on this thread drains what the destructors below it hand in.
thread_local std::vector<std::shared_ptr<Node>>* pending_releases = nullptr;

void release(std::shared_ptr<Node>&& node) {
  if (node == nullptr) return;
  if (pending_releases != nullptr) {
    pending_releases->push_back(std::move(node));
    return;
  }
  std::vector<std::shared_ptr<Node>> pending;
  pending_releases = &pending;
  pending.push_back(std::move(node));
  while (!pending.empty()) {
    const std::shared_ptr<Node> last = std::move(pending.back());
    pending.pop_back();
  }
  pending_releases = nullptr;
}

void release_edges(std::vector<Edge>& edges) {
  for (Edge& edge : edges) release(std::move(edge.node));
  edges.clear();
}

bool wants_grad(const Tensor& x) {
  return x.defined() && (x.state()->requires_grad || x.state()->node != nullptr);
}

// sum = sum + more. In place where one of the two buffers is ours alone; otherwise into a new one,
// since both may be the gradient of something else as well.
void accumulate(Tensor& sum, Tensor more) {
  if (!sum.defined()) {
    sum = std::move(more);
    return;
  }
  const AddProblem problem{sum.count()};
  const float* a = std::as_const(sum).data();
  const float* b = std::as_const(more).data();
  if (sole_owner(sum)) {
    run<AddForward>(sum.device(), problem, a, b, sum.data());
  } else if (sole_owner(more)) {
    run<AddForward>(sum.device(), problem, a, b, more.data());
    sum = std::move(more);
  } else {
    Tensor fresh = Tensor::empty(sum.shape(), sum.device());
    run<AddForward>(sum.device(), problem, a, b, fresh.data());
    sum = std::move(fresh);
  }
}

// The gradient of a tensor that a user sees is a buffer of its own, so that writing into it changes
// no other.
void accumulate_visible(Tensor& grad, Tensor more) {
  if (!grad.defined() && !sole_owner(more)) more = more.clone();
  accumulate(grad, std::move(more));
}

// All nodes that lead to `root`, newest first. A node is recorded after those that made its inputs,
// so this is a topological order.
std::vector<std::shared_ptr<Node>> nodes_behind(const std::shared_ptr<Node>& root) {
  const std::uint64_t visit = ++visit_counter;
  std::vector<std::shared_ptr<Node>> nodes{root};
  root->visit = visit;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i]->backward) {
      throw usage_error(
          "backward: the tape behind {} {} was spent by an earlier backward(). Add the losses "
          "first, "
          "or compute the result again.",
          nodes[i]->name, nodes[i]->shape.str());
    }
    // By index: the vector grows in the loop, the node does not move.
    for (const Edge& edge : nodes[i]->edges) {
      if (edge.node == nullptr || edge.node->visit == visit) continue;
      edge.node->visit = visit;
      nodes.push_back(edge.node);
    }
  }
  std::sort(nodes.begin(), nodes.end(),
            [](const auto& a, const auto& b) { return a->sequence > b->sequence; });
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i]->slot = i;
  return nodes;
}

// Sends the gradients that a node's closure returned to where they belong.
void distribute(Node& node, std::vector<Tensor> gradients, std::vector<Tensor>& slots) {
  if (gradients.size() != node.edges.size()) {
    throw usage_error("backward of {}: {} gradients for {} inputs.", node.name, gradients.size(),
                      node.edges.size());
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const Edge& edge = node.edges[i];
    Tensor gradient = std::move(gradients[i]);
    if (!gradient.defined() || (edge.node == nullptr && edge.leaf == nullptr)) continue;
    if (gradient.shape() != edge.shape) {
      throw usage_error("backward of {}: gradient {} has shape {}. Expected {}.", node.name, i,
                        gradient.shape().str(), edge.shape.str());
    }
    if (edge.node != nullptr) {
      accumulate(slots[edge.node->slot], std::move(gradient));
    } else {
      accumulate_visible(edge.leaf->grad, std::move(gradient));
    }
  }
}

// How often each leaf stands among the inputs of the nodes.
using Uses = std::unordered_map<TensorState*, std::size_t>;
Uses uses_of_leaves(const std::vector<std::shared_ptr<Node>>& nodes) {
  Uses uses;
  for (const auto& node : nodes) {
    for (const Edge& edge : node->edges) {
      if (edge.leaf != nullptr) ++uses[edge.leaf.get()];
    }
  }
  return uses;
}

void tell_ready(const Node& node, Uses& uses, const LeafReady& ready) {
  for (const Edge& edge : node.edges) {
    if (edge.leaf == nullptr) continue;
    std::size_t& left = uses[edge.leaf.get()];
    if (left == 0 || --left > 0) continue;
    if (edge.leaf->grad.defined()) ready(Tensor(edge.leaf));
  }
}

}  // namespace

ListenToOperations::ListenToOperations(OperationListener listener)
    : before_(std::exchange(operation_listener, std::move(listener))) {}
ListenToOperations::~ListenToOperations() { operation_listener = std::move(before_); }

bool listening_to_operations() { return static_cast<bool>(operation_listener); }

Node::~Node() { release_edges(edges); }
TensorState::~TensorState() { release(std::move(node)); }

NoGrad::NoGrad() : before_(recording) { recording = false; }
NoGrad::~NoGrad() { recording = before_; }
WithGrad::WithGrad() : before_(recording) { recording = true; }
WithGrad::~WithGrad() { recording = before_; }
bool grad_enabled() { return recording; }

bool needs_tape(const std::vector<Tensor>& inputs) {
  return recording && std::any_of(inputs.begin(), inputs.end(), wants_grad);
}

bool sole_owner(const Tensor& x) {
  return x.state().use_count() == 1 && x.state()->storage.use_count() == 1 &&
         !x.state()->requires_grad && !x.state()->retain_grad;
}

Tensor record(const char* name, const std::vector<Tensor>& inputs, Tensor output,
              BackwardFunction backward, std::initializer_list<OperationAttribute> attributes) {
  if (operation_listener) operation_listener({name, inputs, output, attributes});
  if (!needs_tape(inputs)) return output;
  auto node = std::make_shared<Node>();
  node->name = name;
  node->sequence = ++sequence_counter;
  for (const Tensor& input : inputs) {
    Edge edge;
    if (input.defined()) edge.shape = input.shape();
    if (wants_grad(input)) {
      edge.node = input.state()->node;
      if (edge.node == nullptr) edge.leaf = input.state();
    }
    node->edges.push_back(std::move(edge));
  }
  node->backward = std::move(backward);
  node->shape = output.shape();
  node->output = output.state();
  node->path = module_path();
  output.state()->node = std::move(node);
  return output;
}

bool Tensor::requires_grad() const { return wants_grad(*this); }

Tensor& Tensor::set_requires_grad(bool on) {
  if (dtype() != DType::f32) {
    throw usage_error("tensor {}: {} numbers have no gradient.", shape().str(),
                      dtype_name(dtype()));
  }
  if (state_->node != nullptr) {
    throw usage_error(
        "tensor {}: is the result of {}, so whether it has a gradient follows from its inputs. Use "
        "retain_grad() to keep it, detach() to cut it off.",
        shape().str(), state_->node->name);
  }
  state_->requires_grad = on;
  return *this;
}

Tensor& Tensor::retain_grad() {
  if (!requires_grad()) throw usage_error("tensor {}: has no gradient to keep.", shape().str());
  state_->retain_grad = true;
  return *this;
}

Tensor Tensor::grad() const { return defined() ? state_->grad : Tensor(); }

void Tensor::set_grad(const Tensor& grad) {
  if (grad.shape() != shape()) {
    throw usage_error("gradient {} of a tensor {}. Expected the same shape.", grad.shape().str(),
                      shape().str());
  }
  state_->grad = grad.detach();
}

void Tensor::clear_grad() {
  if (defined()) state_->grad = Tensor();
}

namespace {

class Running {
 public:
  explicit Running(Listeners listeners) : before_(std::exchange(running, std::move(listeners))) {}
  ~Running() { running = std::move(before_); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Listeners before_;
};

}  // namespace

void backward(const Tensor& root, const Tensor& cotangent, const LeafReady& ready,
              const LeafInRows& in_rows) {
  if (!root.requires_grad()) {
    throw usage_error("backward of {}: nothing that it was made of requires a gradient.",
                      root.shape().str());
  }
  if (cotangent.shape() != root.shape()) {
    throw usage_error("backward of {}: cotangent of shape {}. Expected the same shape.",
                      root.shape().str(), cotangent.shape().str());
  }
  const NoGrad no_grad;  // gradients of gradients are not recorded
  if (root.state()->node == nullptr) {
    accumulate_visible(root.state()->grad, cotangent.clone());
    if (ready) ready(root);
    return;
  }
  std::vector<std::shared_ptr<Node>> nodes = nodes_behind(root.state()->node);
  Uses uses = ready || in_rows ? uses_of_leaves(nodes) : Uses();
  const LeafReady last_use = [&](const Tensor& leaf) {
    std::size_t& left = uses[leaf.state().get()];
    if (left != 1) return;
    left = 0;  // told
    ready(leaf);
  };
  const LeafInRows only_use = [&](const Tensor& leaf) -> TakeRows {
    return uses[leaf.state().get()] == 1 && !leaf.grad().defined() ? in_rows(leaf) : nullptr;
  };
  const Running listeners({ready ? last_use : nullptr, in_rows ? only_use : nullptr});
  std::vector<Tensor> slots(nodes.size());  // gradients that wait for their node
  slots[0] = cotangent.detach();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Node& node = *nodes[i];
    Tensor dy = std::move(slots[i]);
    const PathScope scope(node.path);
    if (dy.defined()) {
      if (const auto output = node.output.lock(); output && output->retain_grad) {
        accumulate_visible(output->grad, dy.clone());
      }
      distribute(node, node.backward(std::move(dy)), slots);
    }
    node.backward = nullptr;  // with what it saved
    if (ready) tell_ready(node, uses, ready);
    release_edges(node.edges);
    release(std::move(nodes[i]));
  }
}

void Tensor::backward() const {
  if (count() != 1) {
    throw usage_error("backward of {}: not a scalar. Give a cotangent of that shape.",
                      shape().str());
  }
  backward(full(shape(), 1, device()));
}

void Tensor::backward(const Tensor& cotangent) const {
  const Listeners around = running;
  hilum::backward(*this, cotangent, around.ready, around.in_rows);
}

TakeRows rows_taker(const Tensor& leaf) {
  return running.in_rows ? running.in_rows(leaf) : nullptr;
}

}  // namespace hilum
