// Joint tensors first, then lifetimes, then places.
#include "engine/plan_memory.h"

#include <algorithm>

namespace hilum {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);
constexpr std::size_t alignment = 16;  // floats

std::size_t channels_of(const Shape& shape) { return shape[shape.rank() - 1]; }

// The tensor that a value is a part of, and from which channel on.
struct Part {
  std::size_t whole, channel;
};

class Joiner {
 public:
  Joiner(std::vector<PlannedOperation>& operations, const Graph& graph)
      : operations_(operations), graph_(graph), maker_(graph.values.size(), nullptr) {
    for (std::size_t value = 0; value < graph.values.size(); ++value) parts_.push_back({value, 0});
    for (const PlannedOperation& a : operations) maker_[a.output] = &a;
  }

  // Concats from the last to the first, so that a joint tensor that becomes part of another is
  // placed before its own parts are.
  std::vector<Part> run() {
    std::vector<PlannedOperation> copies;
    for (std::size_t i = operations_.size(); i-- > 0;) {
      if (!operations_[i].is("concat")) continue;
      std::size_t channel = 0;
      for (const std::size_t input : operations_[i].inputs) {
        if (can_be_part(input)) {
          parts_[input] = {parts_[operations_[i].output].whole,
                           parts_[operations_[i].output].channel + channel};
        } else {
          copies.push_back(copy(operations_[i], input, channel));
        }
        channel += channels_of(graph_.values[input]);
      }
      copies_.push_back({i, std::move(copies)});
      copies.clear();
    }
    return parts_;
  }

  // The list with copies in place of concats; for run() has seen what needs one. A copy's output is
  // a value of its own, a part of the joint one.
  void replace_concats(std::vector<Part>& parts, std::size_t& value_count) {
    for (auto& [index, copies] : copies_) {  // last first, so earlier indices stay
      for (PlannedOperation& a : copies) {
        const Part whole = parts[a.output];
        parts.push_back({whole.whole, whole.channel + static_cast<std::size_t>(a.node.output)});
        a.output = value_count++;
      }
      const auto at = operations_.erase(operations_.begin() + static_cast<std::ptrdiff_t>(index));
      operations_.insert(at, copies.begin(), copies.end());
    }
  }

 private:
  // Its maker writes, and all its readers read, lines of channels at any distance.
  bool can_be_part(std::size_t value) const {
    if (maker_[value] == nullptr || parts_[value].whole != value || value == graph_.output) {
      return false;
    }
    const PlannedOperation& maker = *maker_[value];
    if (!maker.is("conv2d") && !maker.is("channel_affine") && !maker.is("concat")) return false;
    return std::all_of(operations_.begin(), operations_.end(), [&](const PlannedOperation& a) {
      const bool reads = std::find(a.inputs.begin(), a.inputs.end(), value) != a.inputs.end();
      return !reads || a.is("channel_affine") || a.is("concat");
    });
  }

  // `input` to channels from `channel` on of what the concat gives; node.output keeps the channel.
  static PlannedOperation copy(const PlannedOperation& concat, std::size_t input,
                               std::size_t channel) {
    PlannedOperation a;
    a.node.op = "channel_affine";
    a.node.path = concat.node.path;
    a.node.output = channel;
    a.inputs = {input};
    a.output = concat.output;
    return a;
  }

  std::vector<PlannedOperation>& operations_;
  const Graph& graph_;
  std::vector<const PlannedOperation*> maker_;
  std::vector<Part> parts_;
  std::vector<std::pair<std::size_t, std::vector<PlannedOperation>>> copies_;
};

// A whole tensor's floats and the operations between which it must stay.
struct Life {
  std::size_t value, floats, first = none, last = 0, offset = 0;
  bool overlaps(const Life& other) const { return first <= other.last && other.first <= last; }
};

// Largest first, each at the lowest place that is free all its life.
std::size_t place(std::vector<Life>& lives) {
  std::sort(lives.begin(), lives.end(), [](const Life& a, const Life& b) {
    return a.floats != b.floats ? a.floats > b.floats : a.value < b.value;
  });
  std::size_t end = 0;
  std::vector<Life*> placed;  // by offset
  for (Life& life : lives) {
    for (const Life* other : placed) {
      if (!life.overlaps(*other)) continue;
      if (life.offset + life.floats <= other->offset) break;
      life.offset = std::max(life.offset, other->offset + other->floats);
    }
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), &life,
                         [](const Life* a, const Life* b) { return a->offset < b->offset; }),
        &life);
    end = std::max(end, life.offset + life.floats);
  }
  return end;
}

}  // namespace

MemoryPlan plan_memory(std::vector<PlannedOperation>& operations, const Graph& graph) {
  Joiner joiner(operations, graph);
  std::vector<Part> parts = joiner.run();
  std::size_t value_count = graph.values.size();
  joiner.replace_concats(parts, value_count);

  std::vector<Life> lives(value_count);
  auto touch = [&](std::size_t value, std::size_t at) {
    Life& life = lives[parts[value].whole];
    life.first = std::min(life.first, at);
    life.last = std::max(life.last, at);
  };
  for (std::size_t i = 0; i < operations.size(); ++i) {
    for (const std::size_t input : operations[i].inputs) touch(input, i);
    touch(operations[i].output, i);
  }
  touch(graph.output, operations.size());
  std::vector<Life> used;
  for (std::size_t value = 1; value < graph.values.size(); ++value) {  // 0 is the caller's
    if (lives[value].first == none) continue;
    lives[value].value = value;
    const std::size_t floats = graph.values[value].count();
    lives[value].floats = (floats + alignment - 1) / alignment * alignment;
    used.push_back(lives[value]);
  }
  MemoryPlan plan;
  plan.floats = place(used);
  for (const Life& life : used) lives[life.value].offset = life.offset;
  for (const Part& part : parts) {
    plan.places.push_back(
        {lives[part.whole].offset, part.channel, channels_of(graph.values[part.whole])});
  }
  return plan;
}

}  // namespace hilum
